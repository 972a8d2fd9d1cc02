"""The rules in their order."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import structs

from turnout.core import NO_CHANGES, Change, ChatRequest, CountRequest, Deployment, Request, Support, forces_a_tool

from .answers import answer_tool, answers_as_taken
from .fitting import Fitting, Rule
from .hints import leave_out_fields, leave_out_hints
from .limits import within_the_models_limit
from .meaning import refuse_fields, refuse_what_has_no_place
from .pictures import pictures_asked_for
from .roles import roles_as_known
from .searches import searches_as_known
from .shown import shown_where_seen
from .steps import steps_of_other_providers
from .thoughts import thoughts_where_taken
from .tiers import tiers_by_meaning
from .tools import (
    one_call_at_a_time,
    own_tools_as_functions,
    tools_where_the_model_calls_them,
)
from .users import users_as_short_as_taken

_RULES: Final[tuple[Rule, ...]] = (
    pictures_asked_for,
    refuse_what_has_no_place,
    tiers_by_meaning,
    leave_out_hints,
    tools_where_the_model_calls_them,
    within_the_models_limit,
    users_as_short_as_taken,
    own_tools_as_functions,
    searches_as_known,
    one_call_at_a_time,
    roles_as_known,
    shown_where_seen,
    thoughts_where_taken,
    steps_of_other_providers,
    answers_as_taken,
)
"""The last four change the number of messages. Only the others and the first of these name messages."""


class Fitted(msgspec.Struct, frozen=True):
    """A request as a provider gets it. ``first_call_only``: of several tool calls, only the first one is passed on.
    ``answer_tool`` is the tool whose arguments are the answer's text, if there is one.
    """

    request: Request
    changes: tuple[Change, ...] = NO_CHANGES
    first_call_only: bool = False
    answer_tool: str | None = None


def fit(request: Request, provider: str, support: Support, deployment: Deployment) -> Fitted:
    """Raises ``Unsupported`` with the name of the first field without which the answer would mean something else."""
    fitting = Fitting(provider, support, deployment)
    if isinstance(request, ChatRequest):
        fitted = _fitted_chat(request, fitting)
        unsaid = request.parallel_tool_calls is False and fitted.parallel_tool_calls is None
        only_first = unsaid and forces_a_tool(request)
        return Fitted(fitted, tuple(fitting.changes), only_first, answer_tool(request, fitted))
    if isinstance(request, CountRequest):
        return Fitted(structs.replace(request, chat=_fitted_chat(request.chat, fitting)), tuple(fitting.changes))
    refuse_fields(request.extensions, fitting)
    return Fitted(leave_out_fields(request, fitting), tuple(fitting.changes))


def _fitted_chat(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    for rule in _RULES:
        request = rule(request, fitting)
    return request
