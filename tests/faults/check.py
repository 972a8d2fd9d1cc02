"""What has to be true of a case, as a list of what isn't."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from math import inf
from typing import Any

from tests.faults.received import LEFT_OUT, TERMINATOR, Received
from tests.faults.stage import PRICE, Case, Seen
from tests.faults.table import CALL, CLOSED, RESET, Fault

SLACK = 4.0
"""Seconds that a busy machine may take longer."""
REFUSAL = "I can't help with that."
BILLED_ALIKE = (0.5, 4)
"""An estimate to what the simulator bills: a word is one of its tokens, and several of a real one."""


def assert_none(problems: Mapping[str, object]) -> None:
    """Shows each problem whole, where pytest would cut the table short."""
    assert not problems, "\n".join(f"{name}: {told}" for name, told in problems.items())


def all_problems(seen: Iterable[tuple[Case, Seen]]) -> dict[str, list[str]]:
    found = {f"{case.fault.words} of {case.wire} in {case.dialect}": _problems(case, at) for case, at in seen}
    return {name: told for name, told in found.items() if told}


def _problems(case: Case, seen: Seen) -> list[str]:
    told = [*_received(case.fault, seen.got), *_asked(case, seen), *_billed(case, seen)]
    fault = case.fault
    if not fault.waits - 0.01 <= seen.took <= fault.waits * 2 + SLACK:
        told.append(f"took {seen.took:.2f} s")
    return told


def _received(fault: Fault, got: Received) -> Iterator[str]:
    yield from set(got.misformed) - _taken_for_well_formed(fault)
    if got.finished and got.error:
        yield "both a finish and an error"
    if fault.comes == "error":
        if (got.status, bool(got.error), got.text) != (fault.status, True, ""):
            yield f"status {got.status} with {got.error!r} and {got.text!r}"
        return
    if fault.comes == "cut":
        if not (got.error and not got.finished and bool(got.text) != bool(fault.block)):
            yield f"finished: {got.finished}, {got.error!r} after {got.text!r}"
        if not fault.whole.startswith(got.text) or got.calls not in _calls(fault):
            yield f"the text {got.text!r} and the calls {got.calls}"
    elif got.error or not got.finished:
        yield f"no whole answer: {got.error!r} after {got.text!r}"
    elif got.text.strip() not in _texts(fault) or got.calls not in _calls(fault):
        yield f"the text {got.text!r} and the calls {got.calls}"
    elif fault.comes == "whole" and not _is_usage(fault, got.output):
        yield f"a usage of {got.output} tokens"


def _is_usage(fault: Fault, output: int | None) -> bool:
    """Whether so many tokens are about those of the whole answer. A relayed stream may end before it tells them."""
    if output is None:
        return fault.loose
    return BILLED_ALIKE[0] <= output / fault.length <= BILLED_ALIKE[1]


def _taken_for_well_formed(fault: Fault) -> frozenset[str]:
    """Of a relayed stream, what its provider has left out is missing."""
    if fault.comes == "skipped":
        return LEFT_OUT
    return frozenset({TERMINATOR}) if fault.loose else frozenset()


def _texts(fault: Fault) -> list[str]:
    """Those that the caller may get."""
    if fault.comes == "refusal":
        return [REFUSAL, ""]
    if fault.comes == "whole":
        return [fault.whole if fault.block != "call" else ""]
    words = fault.whole.split(" ")
    return [fault.whole, *(" ".join(words[:at] + words[at + 1 :]) for at in range(len(words)))]


def _calls(fault: Fault) -> list[list[str]]:
    """Those that the caller may get: a whole call, or none where it broke off."""
    if fault.block != "call":
        return [[]]
    return [[CALL], []] if fault.comes == "cut" else [[CALL]]


def _asked(case: Case, seen: Seen) -> Iterator[str]:
    fault = case.fault
    counts = len(seen.first), len(seen.second)
    most = fault.first + (fault.words == RESET)
    least = (1, 0) if fault.loose else (fault.first, fault.second)
    if not (least[0] <= counts[0] <= most and least[1] <= counts[1] <= fault.second):
        yield f"attempts {counts} in place of {(fault.first, fault.second)}"
    for one, other in pairwise(seen.first):
        apart = other["started"] - one["started"]
        if not fault.apart - 0.01 <= apart <= fault.apart * 2 + SLACK:
            yield f"attempts {apart:.2f} s apart"


def _billed(case: Case, seen: Seen) -> Iterator[str]:
    """Each attempt has a row in the ledger, with the tokens that its provider bills."""
    upstream = sorted((*seen.first, *seen.second), key=lambda attempt: float(attempt["started"]))
    if case.fault.words != CLOSED and len(upstream) != len(seen.ledger):
        yield f"{len(seen.ledger)} rows in the ledger for {len(upstream)} attempts"
        return
    for row, billed in zip(reversed(seen.ledger), reversed(upstream), strict=case.fault.words != CLOSED):
        usage = row["usage"]
        told = f"row {row['number']} ({row['outcome']}): {usage}, billed {billed['tokens_in']}+{billed['tokens_out']}"
        match row["outcome"]:
            case "ok" if usage["source"] == "reported":
                if (usage["input"], usage["output"]) != (billed["tokens_in"], billed["tokens_out"]):
                    yield told
            case "ok" | "cut":
                if not (_is_close(usage, billed) if not case.fault.block else _has_tokens(usage)):
                    yield told
            case "failed":
                if not is_billed_as_begun(row, billed):
                    yield told
            case outcome:
                yield f"the outcome {outcome}"
        if not is_priced(row):
            yield f"{told}: a cost of {row['cost']}"


def is_billed_as_begun(row: Mapping[str, Any], billed: Mapping[str, Any]) -> bool:
    """Whether an attempt that failed before its first word has the input of what its provider had begun.

    A part of a whole reply counts, too. Anthropic begins with one token of output. An error or a page before any word
    is no beginning, and neither is a whole reply of which nothing came.
    """
    usage = row["usage"]
    if not billed["tokens_in"] or not billed["bytes"]:
        return usage is None
    if usage is None:
        return bool(row["error_code"] == "upstream_refused")
    most_output = 1 if billed["stream"] else inf
    return bool(usage["input"] > 0 and usage["output"] <= most_output)


def is_priced(row: Mapping[str, Any]) -> bool:
    """Whether an attempt costs what its tokens cost."""
    usage = row["usage"]
    return usage is None or row["cost"] == 1_000_000 * sum(usage[name] * PRICE[name] for name in PRICE)


def _has_tokens(usage: dict[str, Any] | None) -> bool:
    """All that can be said where the simulator bills what it doesn't show, or counts a tool as ten tokens."""
    return usage is not None and min(usage["input"], usage["output"]) > 0


def _is_close(usage: dict[str, Any] | None, billed: dict[str, Any]) -> bool:
    if usage is None:
        return False
    least, most = BILLED_ALIKE
    near = abs(int(usage["input"]) - int(billed["tokens_in"])) <= max(3, int(billed["tokens_in"]))
    output, sent = int(usage["output"]), int(billed["tokens_out"])
    return near and least * sent <= output <= most * (sent + 1)
