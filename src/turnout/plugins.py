"""Finds the providers, dialects and policies: those in Turnout's own modules, and the plug-ins of installed packages.

A package has a plug-in by an entry point. The entry point's group is the room's name, and its value is a module:

    [project.entry-points."turnout.providers"]
    acme = "turnout_acme.wire"

The module has the same attribute as a module in the room's folder: ``PROVIDERS``, ``DIALECTS`` or ``POLICIES``.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Generic, NamedTuple, TypeVar

from turnout.errors import ConfigError

MODULE_ATTRIBUTES: Final[Mapping[str, str]] = {
    "turnout.providers": "PROVIDERS",
    "turnout.dialects": "DIALECTS",
    "turnout.policies": "POLICIES",
}
"""The groups of entry points, and the attribute that the modules of each group have."""

_NAME: Final = re.compile(r"[a-z][a-z0-9._-]*")

Item = TypeVar("Item")
Named = tuple[str, Item]
Take = Callable[[Any], Iterable[Named[Item]]]


class InvalidPlugin(Exception):
    """A plug-in can't be used. The message says why. It has no full stop, and comes after a colon."""


class Plugin(NamedTuple):
    """An entry point of one of our groups. ``package`` is the name of the distribution that has it."""

    group: str
    name: str
    module: str
    attribute: str  # the text after a colon in its value; it has to be empty
    package: str
    version: str

    def error_line(self, error: InvalidPlugin) -> str:
        """A line that says which plug-in is wrong, why, and what to do."""
        problem = f"The package {self.package} {self.version} has a plug-in that can't be used"
        advice = f"`pip install --upgrade {self.package}` may mend it, `pip uninstall {self.package}` removes it."
        return f"{problem} (entry point '{self.name}' of {self.group}, module {self.module}): {error}. {advice}"


def find_plugins(group: str, folder: Iterable[str], package: str, take: Take[Item]) -> PluginTable[Item]:
    """Finds the items in the modules of ``package`` in ``folder``, and those in the plug-ins of ``group``.

    ``take`` gives the names and items in the value of a module's attribute, or raises ``InvalidPlugin``.
    Raises ``ConfigError`` with a line for each plug-in that can't be used.
    """
    table: PluginTable[Item] = PluginTable(group)
    for module in pkgutil.iter_modules(folder, f"{package}."):
        value = getattr(importlib.import_module(module.name), MODULE_ATTRIBUTES[group], None)
        if value is not None:
            table.add(take(value), "Turnout's own")
    errors = []
    for plugin in plugins(group):
        try:
            table.add(take(_value_of(plugin)), f"that of the package {plugin.package}")
        except InvalidPlugin as error:
            errors.append((plugin, error))
    if errors:
        lines = "\n".join(plugin.error_line(error) for plugin, error in errors)
        raise ConfigError(lines) from errors[0][1]
    return table


class PluginTable(Generic[Item]):
    """The items of a room, ``by_name``. An item may have several names."""

    def __init__(self, group: str) -> None:
        self.by_name: dict[str, Item] = {}
        self._kind = MODULE_ATTRIBUTES[group].lower()
        self._owners: dict[str, str] = {}

    def add(self, named: Iterable[Named[Item]], owner: str) -> None:
        """Adds all of them, or none. ``owner`` names their source. Raises ``InvalidPlugin`` if a name is taken."""
        new: dict[str, Item] = {}
        for name, item in named:
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise InvalidPlugin(f"the name {name!r} has to match {_NAME.pattern}")
            if self.by_name.get(name, item) is not item or new.setdefault(name, item) is not item:
                raise InvalidPlugin(
                    f"two {self._kind} are called '{name}', this one and {self._owners.get(name, 'another')}"
                )
        self.by_name.update(new)
        self._owners.update(dict.fromkeys(new, owner))


@cache
def plugins(group: str) -> tuple[Plugin, ...]:
    """The plug-ins of one group."""
    return tuple(sorted(_plugin(point) for point in _entry_points() if point.group == group))


@cache
def _entry_points() -> tuple[EntryPoint, ...]:
    """The entry points of our groups. It reads every installed package, which takes milliseconds, so it runs once."""
    all_points = entry_points()
    return tuple(point for group in MODULE_ATTRIBUTES for point in all_points.select(group=group))


def _plugin(point: EntryPoint) -> Plugin:
    name, version = (point.dist.name, point.dist.version) if point.dist else ("(unknown)", "")
    return Plugin(point.group, point.name, point.module, point.attr, name, version)


def _value_of(plugin: Plugin) -> Any:
    """Imports the module of a plug-in, and gives the value of its attribute. Raises ``InvalidPlugin``."""
    name = MODULE_ATTRIBUTES[plugin.group]
    if plugin.attribute:
        raise InvalidPlugin(f"its value has to be a module alone, without ':{plugin.attribute}'")
    try:
        module = importlib.import_module(plugin.module)
    except (Exception, SystemExit) as error:  # code of another package may raise anything
        raise InvalidPlugin(f"importing it raised {type(error).__name__}: {error}".rstrip(".")) from error
    value = getattr(module, name, None)
    if value is None:
        raise InvalidPlugin(f"it has no {name}")
    return value


def check_members(item: object, contract: type, description: str) -> None:
    """Raises ``InvalidPlugin`` if ``item`` lacks a member of a protocol. ``description`` names it in the error."""
    if isinstance(item, type):
        raise InvalidPlugin(f"{description} is a class, where an object of it is needed: {item.__name__}()")
    missing = sorted(name for name in _members(contract) if not hasattr(item, name))
    if missing:
        raise InvalidPlugin(f"{description} lacks {', '.join(missing)}, which a {contract.__name__} has")


@cache
def _members(contract: type) -> frozenset[str]:
    return frozenset(_names_in(contract))


def _names_in(contract: type) -> Iterator[str]:
    """The members of a protocol. Python has ``typing.get_protocol_members`` only since 3.13."""
    for base in contract.__mro__:
        if getattr(base, "_is_protocol", False):
            yield from (name for name in (*vars(base), *base.__annotations__) if not name.startswith("_"))
