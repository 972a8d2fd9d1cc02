"""A case of a rule: a request that breaks it, and the nearest one that doesn't."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tests.simulator.raw import Reply, ask
from turnout.simulator import Simulator
from turnout.simulator.rules import Rule


class Case(msgspec.Struct, frozen=True):
    """``refused`` and ``passes`` are fields that differ from the wire's plain request. ``words`` is the whole message.

    ``param`` and ``code`` are those of the errors on OpenAI's wire.
    """

    rule: str
    refused: Mapping[str, Any]
    words: str
    passes: Mapping[str, Any]
    param: str | None = None
    code: str | None = None


class Wire(msgspec.Struct, frozen=True):
    """``{}`` in ``path`` is the model's place, which then isn't in the body. ``plain`` is a request that passes."""

    path: str
    plain: Mapping[str, Any]
    headers: Mapping[str, str] = {}

    async def ask(self, simulated: Simulator, fields: Mapping[str, Any]) -> Reply:
        """``fields`` may have ``_headers`` and ``_query``, which go where they belong."""
        body = {**self.plain, **fields}
        headers = {**self.headers, **body.pop("_headers", {})}
        query = body.pop("_query", "")
        path = self.path.format(body.pop("model", "sim")) if "{}" in self.path else self.path
        body = {name: value for name, value in body.items() if value is not ABSENT}
        return await ask(simulated.url + path + query, body, headers)


ABSENT: Any = object()
"""Leaves a field of the plain request out."""


def case_ids(cases: Sequence[Case]) -> list[str]:
    return [f"{index}-{case.rule}" for index, case in enumerate(cases)]


def uncovered(rules: Sequence[Rule], cases: Sequence[Case]) -> set[str]:
    """The names of rules without a case, and of cases without a rule."""
    return {rule.check.__name__ for rule in rules} ^ {case.rule for case in cases}
