"""The ids of gauges. Names are quoted in them: no name can look like two, or like another part."""

from __future__ import annotations

import re
from typing import Final, NamedTuple, cast, get_args
from urllib.parse import quote, unquote

from turnout.core import Period

from .gauges import Scope

_NAMED: Final = ("key", "user", "team", "tier", "model")
_FOR_EACH_KEY: Final = ("all", "key", "tier")
"""Scopes whose allowances are counted for each key by itself."""

_BUDGET: Final = re.compile(
    rf"budget/(?P<path>tier/[^/]*/[^/]*|(all|key|user|team|model)/[^/]*)/(?P<period>{'|'.join(get_args(Period))})"
    r"(/(?P<model>[^/]+))?"
)


class BudgetId(NamedTuple):
    """What the id of a budget's gauge says. ``name`` and ``key_id`` are as in a ``Gauge``.

    ``model`` is that of a budget for one model; empty for one that counts all, and where the scope is a model.
    """

    scope: Scope
    name: str
    key_id: str
    period: Period
    model: str = ""

    @property
    def id(self) -> str:
        """``budget/team/blue/monthly``, or ``budget/key/batch/daily/gpt%2Fmini`` for one model."""
        model = f"/{quoted(self.model)}" if self.model else ""
        return f"budget/{path_of(self.scope, self.name, self.key_id)}/{self.period}{model}"


def budget_of(id_: str) -> BudgetId:
    """The other way round. Raises ``ValueError`` for what is no budget's id."""
    parts = _BUDGET.fullmatch(id_)
    if parts is None:
        raise ValueError(f"'{id_}' is no budget's id.")
    scope, *names = map(_unquoted, parts["path"].split("/"))
    key_id = names[-1] if scope in _FOR_EACH_KEY else ""
    name = "" if scope == "all" else names[0]
    model = _unquoted(parts["model"] or "")
    return BudgetId(cast("Scope", scope), name, key_id, cast("Period", parts["period"]), model)


def path_of(scope: Scope, name: str, key_id: str) -> str:
    """Whose the gauge is: ``team/blue``, ``tier/gold/batch``."""
    names = [name] if scope in _NAMED else []
    if scope in _FOR_EACH_KEY and scope != "key":
        names.append(key_id)
    return "/".join([scope, *map(quoted, names)])


def quoted(name: str) -> str:
    return quote(name, safe="", errors="surrogatepass")  # half a surrogate pair may be in a token


def _unquoted(name: str) -> str:
    return unquote(name, errors="surrogatepass")
