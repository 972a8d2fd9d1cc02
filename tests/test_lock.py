"""The two lock files are whole: pip installs them without asking what their packages need (``--no-deps``)."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
RUNTIME, DEVELOPMENT = "requirements.lock", "requirements-dev.lock"
LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+?)(?: ; (.*?))? \\$", re.MULTILINE)
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = {"linux": "Linux", "darwin": "Darwin"}

each_lock = pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT])

Environment = Mapping[str, str]


class Pin(NamedTuple):
    """A line of a lock. A package has several if its version depends on the Python or the system."""

    name: str
    version: Version
    marker: Marker | None = None

    def applies(self, environment: Environment) -> bool:
        return self.marker is None or self.marker.evaluate(dict(environment))


def pins(lock: str) -> list[Pin]:
    found = LOCKED.findall((ROOT / lock).read_text())
    return [Pin(canonicalize_name(name), Version(v), Marker(m) if m else None) for name, v, m in found]


@cache
def wanted(lock: str) -> tuple[Requirement, ...]:
    """What pyproject.toml asks for."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = told["dependency-groups"]
    asked = [*told["project"]["dependencies"], *groups["build"], *(groups["dev"] if lock == DEVELOPMENT else ())]
    return tuple(Requirement(text) for text in asked)


@cache
def needs(pin: Pin) -> tuple[Requirement, ...]:
    """What a locked package asks for; unknown where it isn't installed: packages of other systems and Pythons."""
    try:
        installed = metadata.distribution(pin.name)
    except metadata.PackageNotFoundError:
        return ()
    return (
        tuple(Requirement(text) for text in installed.requires or ()) if installed.version == str(pin.version) else ()
    )


def environments() -> Iterator[Environment]:
    for python, (platform, system) in itertools.product(PYTHONS, SYSTEMS.items()):
        told = {"sys_platform": platform, "platform_system": system}
        here = {name: str(value) for name, value in default_environment().items()}
        yield here | told | {"python_version": python, "python_full_version": f"{python}.1", "extra": ""}


def missing(lock: str, locked: list[Pin], environment: Environment) -> set[str]:
    """What is asked for and not locked, by pyproject.toml and by whatever that needs."""
    versions = {pin.name: pin for pin in locked if pin.applies(environment)}
    found: set[str] = set()
    asked = [(requirement, "pyproject.toml", environment) for requirement in wanted(lock)]
    seen = set()
    while asked:
        requirement, by, told = asked.pop()
        if requirement.marker and not requirement.marker.evaluate(dict(told)):
            continue
        pin = versions.get(canonicalize_name(requirement.name))
        if pin is None or not requirement.specifier.contains(pin.version, prereleases=True):
            found.add(f"{requirement}, for {by}")
            continue
        for extra in {"", *requirement.extras}:
            if (pin.name, extra) not in seen:
                seen.add((pin.name, extra))
                asked += [(need, pin.name, {**environment, "extra": extra}) for need in needs(pin)]
    return found


@each_lock
def test_nothing_is_asked_for_that_is_not_locked(lock: str) -> None:
    locked = pins(lock)
    unmet = {about["python_version"] + about["sys_platform"]: missing(lock, locked, about) for about in environments()}
    assert unmet == {key: set() for key in unmet}, "run `make lock`"


@each_lock
def test_what_is_locked_is_installed(lock: str) -> None:
    """Else ``needs`` would look at other packages than the locked ones."""
    here = {name: str(value) for name, value in default_environment().items()}
    locked = {pin.name: str(pin.version) for pin in pins(lock) if pin.applies(here)}
    assert {name: metadata.version(name) for name in locked} == locked, "run `make test`, which installs them"


@pytest.mark.parametrize(
    ("lock", "package", "named"),
    [
        (RUNTIME, "msgspec", "for pyproject.toml"),
        (RUNTIME, "greenlet", "for sqlalchemy"),  # of sqlalchemy[asyncio]
        (DEVELOPMENT, "requests", "for google-auth"),  # of google-auth[requests]
    ],
)
def test_a_lock_without_a_package_is_not_whole(lock: str, package: str, named: str) -> None:
    lacking = [pin for pin in pins(lock) if pin.name != package]
    for environment in environments():
        assert named in "; ".join(missing(lock, lacking, environment))


def test_a_lock_with_an_older_package_is_not_whole() -> None:
    older = [pin._replace(version=Version("0.1")) if pin.name == "starlette" else pin for pin in pins(RUNTIME)]
    for environment in environments():
        assert "for fastapi" in "; ".join(missing(RUNTIME, older, environment))


def test_development_runs_on_what_is_served() -> None:
    assert set(map(str, pins(RUNTIME))) <= set(map(str, pins(DEVELOPMENT))), "run `make lock`"


@each_lock
def test_every_locked_package_has_a_hash(lock: str) -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text())
    assert [b.splitlines()[0] for b in blocks if "--hash=sha256:" not in b] == []
    assert len(blocks) == len(pins(lock))
