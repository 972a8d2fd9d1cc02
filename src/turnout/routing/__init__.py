"""In which order a model's deployments are tried for one request. Pure and synchronous: time and randomness
are handed in.

To add a policy, put a module here that holds ``POLICIES``, a mapping of names to ``Policy`` functions: it is found by
itself. So is one of an installed package, by an entry point (``plugins.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from turnout.core import Model
from turnout.plugins import InvalidPlugin, find_plugins

from .board import Board, Mark
from .candidates import Candidate, Dropped, Plan
from .conversation_start import conversation_name
from .ending import Ending, Fault, fault_of
from .explaining import Explanation, Health, LiveFigures, explained, figures_of, health_of
from .figures import Figures
from .health import Breaker, HealthRules
from .question import Question, tokens_by_size
from .session_names import SESSION_HEADERS, session_in

__all__ = [
    "SESSION_HEADERS",
    "Board",
    "Breaker",
    "Candidate",
    "Dropped",
    "Ending",
    "Explanation",
    "Fault",
    "Figures",
    "Health",
    "HealthRules",
    "LiveFigures",
    "Mark",
    "Plan",
    "Policy",
    "Question",
    "conversation_name",
    "explained",
    "fault_of",
    "figures_of",
    "health_of",
    "registry",
    "session_in",
    "tokens_by_size",
]


Policy = Callable[[Model, Question, Board], Sequence[Candidate]]
"""The deployments of a model in order, by what a request needs and by the live figures, which it only reads.

It isn't asked for a model with one deployment.
"""


@cache
def registry() -> Mapping[str, Policy]:
    """Every policy in this folder or of a plug-in, by its name. Raises ``ConfigError`` for unusable plug-ins."""
    return find_plugins("turnout.policies", __path__, __name__, _named).by_name


def _named(held: Any) -> Iterable[tuple[str, Policy]]:
    """The policies of a module. Raises ``InvalidPlugin``."""
    if not isinstance(held, Mapping) or not all(callable(policy) for policy in held.values()):
        raise InvalidPlugin("POLICIES has to be a mapping of names to functions")
    return held.items()
