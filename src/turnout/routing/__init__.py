"""In which order a model's deployments are tried for one request. Pure and synchronous.

To add a policy, put a module here that holds ``POLICIES``, a mapping of names to ``Policy`` functions: it is found by
itself. So is one of an installed package, by an entry point (``plugins.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from turnout.core import Deployment, Model
from turnout.plugins import InvalidPlugin, find_plugins


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A deployment that will be tried, and why at this place."""

    deployment: Deployment
    reason: str


class Dropped(msgspec.Struct, frozen=True, gc=False):
    """A deployment that won't be tried, and why not."""

    deployment: Deployment
    reason: str


class Plan(msgspec.Struct, frozen=True):
    """The deployments for one request, in order; nothing is left out without a reason."""

    model: str
    candidates: tuple[Candidate, ...]
    dropped: tuple[Dropped, ...] = ()


Policy = Callable[[Model], Sequence[Candidate]]


@cache
def registry() -> Mapping[str, Policy]:
    """Every policy in this folder or of a plug-in, by its name. Raises ``ConfigError`` for unusable plug-ins."""
    return find_plugins("turnout.policies", __path__, __name__, _named).by_name


def _named(held: Any) -> Iterable[tuple[str, Policy]]:
    """The policies of a module. Raises ``InvalidPlugin``."""
    if not isinstance(held, Mapping) or not all(callable(policy) for policy in held.values()):
        raise InvalidPlugin("POLICIES has to be a mapping of names to functions")
    return held.items()
