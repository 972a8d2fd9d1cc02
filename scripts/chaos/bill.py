"""The ledger beside the bill: which row is which request of the simulator's log, and what is wrong."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from scripts.chaos.stage import INPUT_PRICE, OUTPUT_PRICE, Row
from turnout.simulator.log import Attempt

_PICODOLLARS: Final = 1_000_000
_UNDER_WAY: Final = ("lost", "client_gone", "outrun", "drained")
"""Outcomes of attempts that may have ended before they were sent."""

_MARK = re.compile(r"\bid-(r\d+)\b")


class Pair(NamedTuple):
    """A row, and the request at the simulator that it is about. None: nothing was sent, or nothing was recorded."""

    row: Row | None
    sent: Attempt | None


class Sums(msgspec.Struct):
    """Of some attempts: tokens, and picodollars."""

    attempts: int = 0
    billed: int = 0
    recorded: int = 0
    billed_cost: int = 0
    recorded_cost: int = 0

    def add(self, pair: Pair) -> None:
        row, sent = pair
        self.attempts += 1
        if sent is not None:
            self.billed += sent.tokens_in + sent.tokens_out
            self.billed_cost += cost_of(sent.tokens_in, sent.tokens_out)
        if row is not None:
            self.recorded += (row.input or 0) + (row.output or 0)
            self.recorded_cost += row.cost or 0

    @property
    def off(self) -> float:
        """The difference of the tokens, as a share of the bill."""
        return _share(self.recorded - self.billed, self.billed)

    @property
    def cost_off(self) -> float:
        return _share(self.recorded_cost - self.billed_cost, self.billed_cost)


def cost_of(tokens_in: int, tokens_out: int) -> int:
    """Picodollars."""
    return (tokens_in * INPUT_PRICE + tokens_out * OUTPUT_PRICE) * _PICODOLLARS


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float(part > 0)


def mark_of(sent: Attempt) -> str:
    """The mark of the request that led to it; empty without one."""
    found = _MARK.search(sent.simulate)
    return found[1] if found else ""


def paired(rows: Iterable[Row], all_sent: Iterable[Attempt]) -> list[Pair]:
    """Each row and each request at the simulator, once.

    A request's attempts at one deployment follow each other. So a request at the simulator belongs to the last row that
    began before it, and a second one finds no row of its own. Both clocks are this machine's.
    """
    by_deployment: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.started):
        by_deployment[row.session, row.model].append(row)
    sent_by_row: dict[str, Attempt] = {}
    pairs: list[Pair] = []
    for sent in all_sent:
        candidates = by_deployment.get((mark_of(sent), sent.model), [])
        began = [row.started / 1e6 for row in candidates]
        at = bisect_right(began, sent.started) - 1
        if at < 0 or candidates[at].attempt_id in sent_by_row:
            pairs.append(Pair(None, sent))
        else:
            sent_by_row[candidates[at].attempt_id] = sent
    pairs += [Pair(row, sent_by_row.get(row.attempt_id)) for of in by_deployment.values() for row in of]
    return pairs


def problems(pairs: Sequence[Pair], most_off: float) -> list[str]:
    """What is wrong with single attempts, and with the sums of all: they may differ by a share of ``most_off``."""
    found = [problem for pair in pairs if (problem := _problem(pair))]
    sums = Sums()
    for pair in pairs:
        sums.add(pair)
    for name, off in (("tokens", sums.off), ("cost", sums.cost_off)):
        if abs(off) > most_off:
            found.append(f"the ledger's {name} differ by {off:+.2%} from the bill")
    return found


def _problem(pair: Pair) -> str:
    row, sent = pair
    if row is None:
        return f"no row of its own: {sent}"
    if sent is None:
        if row.status and row.outcome not in _UNDER_WAY:
            return f"an answer that no provider gave: {row}"
        return f"billed, but not sent: {row}" if row.input is not None and row.outcome != "lost" else ""
    if row.source == "reported" and (row.input, row.output) != (sent.tokens_in, sent.tokens_out):
        return f"reported otherwise: {row} {sent}"
    if row.input is not None and row.cost != cost_of(row.input, row.output or 0):
        return f"a wrong cost: {row}"
    return ""
