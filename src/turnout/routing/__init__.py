"""In which order a model's deployments are tried for one request. Pure and synchronous.

To add a policy, put a module here that holds ``POLICIES``, a mapping of names to ``Policy`` functions: it is found by
itself.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import msgspec

from turnout.core import Deployment, Model


class Step(msgspec.Struct, frozen=True, gc=False):
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
    steps: tuple[Step, ...]
    dropped: tuple[Dropped, ...] = ()


Policy = Callable[[Model], Sequence[Step]]


@cache
def registry() -> Mapping[str, Policy]:
    """Every policy found in this folder, by its name."""
    found: dict[str, Policy] = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        for name, policy in getattr(importlib.import_module(module.name), "POLICIES", {}).items():
            if found.setdefault(name, policy) is not policy:
                raise ValueError(f"two policies are called '{name}'")
    return found
