"""What a room finds: in the modules of its own folder, and in those that installed packages bring as plug-ins.

A package brings a plug-in by an entry point, whose group is the room's name and whose value is a module:

    [project.entry-points."turnout.providers"]
    acme = "turnout_acme.wire"

The module holds what a module in the room's folder holds: ``PROVIDERS``, ``DIALECTS`` or ``POLICIES``.
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

HELD: Final[Mapping[str, str]] = {
    "turnout.providers": "PROVIDERS",
    "turnout.dialects": "DIALECTS",
    "turnout.policies": "POLICIES",
}
"""The groups of entry points, and what their modules hold."""

_NAME: Final = re.compile(r"[a-z][a-z0-9._-]*")

Thing = TypeVar("Thing")
Named = tuple[str, Thing]
Take = Callable[[Any], Iterable[Named[Thing]]]


class Misfit(Exception):
    """Something that a module holds can't be used. The message says why, without a full stop, to follow a colon."""


class Plugin(NamedTuple):
    """An entry point of one of our groups. ``package`` is the name of the distribution that has it."""

    group: str
    name: str
    module: str
    attribute: str  # what follows a colon in its value, where nothing should be
    package: str
    version: str

    def mistake(self, misfit: Misfit) -> str:
        """A line that says which plug-in is wrong, why, and what to do."""
        what = f"The package {self.package} {self.version} has a plug-in that can't be used"
        cure = f"`pip install --upgrade {self.package}` may mend it, `pip uninstall {self.package}` removes it."
        return f"{what} (entry point '{self.name}' of {self.group}, module {self.module}): {misfit}. {cure}"


def find(
    group: str, folder: Iterable[str], package: str, take: Callable[[Any], Iterable[Named[Thing]]]
) -> Found[Thing]:
    """Finds what the modules of ``package`` in ``folder`` hold, and what the plug-ins of ``group`` bring.

    ``take`` gives the names and things in what a module holds, and raises ``Misfit`` for what isn't as it should be.
    Raises ``ConfigError`` with a line for each plug-in that can't be used.
    """
    found: Found[Thing] = Found(group)
    for module in pkgutil.iter_modules(folder, f"{package}."):
        held = getattr(importlib.import_module(module.name), HELD[group], None)
        if held is not None:
            found.add(take(held), "Turnout's own")
    misfits = []
    for plugin in plugins(group):
        try:
            found.add(take(_held_by(plugin)), f"that of the package {plugin.package}")
        except Misfit as misfit:
            misfits.append((plugin, misfit))
    if misfits:
        told = "\n".join(plugin.mistake(misfit) for plugin, misfit in misfits)
        raise ConfigError(told) from misfits[0][1]
    return found


class Found(Generic[Thing]):
    """``things`` holds what a room has, by name. A thing may have several names."""

    def __init__(self, group: str) -> None:
        self.things: dict[str, Thing] = {}
        self._kind = HELD[group].lower()
        self._owners: dict[str, str] = {}

    def add(self, named: Iterable[Named[Thing]], owner: str) -> None:
        """Adds all of them, or none. ``owner`` says who brings them. Raises ``Misfit`` if a name is taken."""
        new: dict[str, Thing] = {}
        for name, thing in named:
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise Misfit(f"the name {name!r} has to match {_NAME.pattern}")
            if self.things.get(name, thing) is not thing or new.setdefault(name, thing) is not thing:
                raise Misfit(f"two {self._kind} are called '{name}', this one and {self._owners.get(name, 'another')}")
        self.things.update(new)
        self._owners.update(dict.fromkeys(new, owner))


@cache
def plugins(group: str) -> tuple[Plugin, ...]:
    """The plug-ins of one group."""
    return tuple(sorted(_plugin(point) for point in _entry_points() if point.group == group))


@cache
def _entry_points() -> tuple[EntryPoint, ...]:
    """The entry points of our groups. It reads every installed package, which takes milliseconds, so it runs once."""
    known = entry_points()
    return tuple(point for group in HELD for point in known.select(group=group))


def _plugin(point: EntryPoint) -> Plugin:
    name, version = (point.dist.name, point.dist.version) if point.dist else ("(unknown)", "")
    return Plugin(point.group, point.name, point.module, point.attr, name, version)


def _held_by(plugin: Plugin) -> Any:
    """Imports the module of a plug-in, and gives what it holds. Raises ``Misfit``."""
    name = HELD[plugin.group]
    if plugin.attribute:
        raise Misfit(f"its value has to be a module alone, without ':{plugin.attribute}'")
    try:
        module = importlib.import_module(plugin.module)
    except Exception as error:  # somebody else's code: anything may go wrong in it
        raise Misfit(f"importing it raised {type(error).__name__}: {error}".rstrip(".")) from error
    held = getattr(module, name, None)
    if held is None:
        raise Misfit(f"it has no {name}")
    return held


def check_members(thing: object, contract: type, what: str) -> None:
    """Raises ``Misfit`` where ``thing``, which is called ``what``, lacks a member of a protocol."""
    if isinstance(thing, type):
        raise Misfit(f"{what} is a class, where an object of it is needed: {thing.__name__}()")
    missing = sorted(name for name in _members(contract) if not hasattr(thing, name))
    if missing:
        raise Misfit(f"{what} lacks {', '.join(missing)}, which a {contract.__name__} has")


@cache
def _members(contract: type) -> frozenset[str]:
    return frozenset(_names_in(contract))


def _names_in(contract: type) -> Iterator[str]:
    """``typing.get_protocol_members`` came with Python 3.13."""
    for base in contract.__mro__:
        if getattr(base, "_is_protocol", False):
            yield from (name for name in (*vars(base), *base.__annotations__) if not name.startswith("_"))
