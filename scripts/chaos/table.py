"""The outcome by kind of fault, as a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from scripts.chaos.asked import HEDGED, Asked
from scripts.chaos.bill import Pair, Sums, mark_of

_BY_OUTCOME: Final = {"lost": "server killed", "client_gone": "client left", "outrun": "outrun by a hedge"}
_HEAD: Final = "kind", "attempts", "billed tokens", "recorded", "difference", "billed $", "recorded $", "difference"


def table(pairs: Sequence[Pair], asked: Mapping[str, Asked]) -> list[str]:
    by_kind: defaultdict[str, Sums] = defaultdict(Sums)
    all_sums = Sums()
    for pair in pairs:
        by_kind[_kind(pair, asked)].add(pair)
        all_sums.add(pair)
    rows = [*sorted(by_kind.items()), ("all", all_sums)]
    lines = [f"| {' | '.join(_HEAD)} |", f"|---|{'--:|' * (len(_HEAD) - 1)}"]
    return lines + [f"| {kind} | {_cells(sums)} |" for kind, sums in rows]


def _cells(sums: Sums) -> str:
    tokens = f"{sums.attempts:,} | {sums.billed:,} | {sums.recorded:,} | {sums.off:+.2%}"
    return f"{tokens} | {sums.billed_cost / 1e12:.4f} | {sums.recorded_cost / 1e12:.4f} | {sums.cost_off:+.2%}"


def _kind(pair: Pair, asked: Mapping[str, Asked]) -> str:
    """How the attempt ended, if somebody else ended it; else the fault of its deployment."""
    row, sent = pair
    if row is None:
        return "without a row"
    if row.outcome in _BY_OUTCOME:
        return _BY_OUTCOME[row.outcome]
    if sent is None:
        return "not sent"
    each = asked[mark_of(sent)]
    words = each.faults.get(sent.model, "")
    if sent.outcome == "completed" and sent.status == 200:
        return "hedged" if each.model == HEDGED else "well"
    fault = words.split()[0].partition("-after-")[0] if words else sent.outcome
    return f"{fault}, {'stream' if each.stream else 'unary'}"
