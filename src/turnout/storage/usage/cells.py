"""Sums attempts up, from the rows of their table. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from operator import add, itemgetter, sub
from typing import Any, Final

import msgspec

from turnout.core.usage import MOST
from turnout.storage.attempt_rows import COLUMNS, USAGE_COLUMNS
from turnout.storage.storable import storable

from .dimensions import (
    COST_UNIT,
    FAULTS,
    LATENCIES,
    LONGEST,
    MEASURES,
    OUTCOMES,
    PIECES,
    PLAIN,
    SESSIONS,
    SHARED,
    TAGS,
    TOKENS,
    Cube,
    Dimensions,
    Timing,
    fault_of,
    group_id,
)
from .sketch import bucket_of

HOUR: Final = 3_600_000_000
"""Microseconds."""

Row = Sequence[Any]
"""The values of ``COLUMNS``."""

Sums = tuple[int, ...]
"""The values of ``MEASURES``."""

_COLUMN_OF: Final = {field: column for column, field in USAGE_COLUMNS.items()}


def _columns(*names: str) -> Callable[[Row], tuple[Any, ...]]:
    return itemgetter(*(COLUMNS.index(name) for name in names))


_STARTED, _SESSION, _TAGS = (COLUMNS.index(name) for name in ("started", "session", "tags"))
_shared = _columns(*SHARED)
_measured = _columns(
    "number", "outcome", "at_fault", "usage_source", "cost", "saved", *(_COLUMN_OF[name] for name in (*TOKENS, *PIECES))
)
_timed = _columns("outcome", "stream", "first_token", "total")
_latency_dimensions = _columns(*LATENCIES.dimensions)
_INPUT, _OUTPUT = TOKENS.index("input"), TOKENS.index("output")
_decode_tags = msgspec.json.Decoder(list[str]).decode


class Cells(msgspec.Struct):
    """``groups`` are the values of each group's dimensions. ``sums`` are the measures by hour, group, and the cube's
    extra dimension if it has one; ``counts`` are the attempts by hour, group, what was timed, and bucket: a cube of
    latencies has these.
    """

    groups: dict[int, Dimensions] = {}
    sums: dict[tuple[Any, ...], Sums] = {}
    counts: dict[tuple[int, int, Timing, int], int] = {}

    def merged(self, others: Cells) -> Cells:
        """The sums of both."""
        return self._combined(others, add)

    def without(self, others: Cells) -> Cells:
        """What has to be added to ``others`` to get these."""
        return self._combined(others, sub)

    def _combined(self, others: Cells, combine: Callable[[int, int], int]) -> Cells:
        combined = Cells(others.groups | self.groups)
        for place in self.sums.keys() | others.sums.keys():
            own, other = self.sums.get(place, _NOTHING), others.sums.get(place, _NOTHING)
            sums = tuple(map(combine, own, other))
            if any(sums):
                combined.sums[place] = sums
        for bucket in self.counts.keys() | others.counts.keys():
            if count := combine(self.counts.get(bucket, 0), others.counts.get(bucket, 0)):
                combined.counts[bucket] = count
        return combined


def cells_of(rows: Iterable[Row]) -> dict[Cube, Cells]:
    """The cells of attempts, by hour, for each cube."""
    by_group: defaultdict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        by_group[row[_STARTED] // HOUR, _shared(row)].append(row)
    cells = {cube: Cells() for cube in (PLAIN, SESSIONS, TAGS, LATENCIES)}
    for (hour, shared), group in by_group.items():
        values = _dimensions(shared)
        place = hour, group_id(PLAIN, values)
        cells[PLAIN].groups[place[1]] = values  # sessions and tags share these groups
        _add(cells[PLAIN], place, group)
        for session, rows_of_session in _by_session(group).items():
            _add(cells[SESSIONS], (*place, *_dimensions([session])), rows_of_session)
        for tag, rows_of_tag in _by_tag(group).items():
            _add(cells[TAGS], (*place, tag), rows_of_tag)
        _count_durations(cells[LATENCIES], hour, group)
    return cells


def _dimensions(values: Iterable[str | None]) -> Dimensions:
    return tuple([storable(value or "")[:LONGEST] for value in values])


def _by_session(rows: Sequence[Row]) -> dict[str, list[Row]]:
    by_session: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row[_SESSION]:
            by_session[row[_SESSION]].append(row)
    return by_session


def _by_tag(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """An attempt counts once for each of its tags."""
    by_tag: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row[_TAGS]:
            for tag in {*_dimensions(_decode_tags(row[_TAGS]))}:
                by_tag[tag].append(row)
    return by_tag


def _add(cells: Cells, place: tuple[Any, ...], rows: Sequence[Row]) -> None:
    sums, known = sums_of(rows), cells.sums.get(place)
    cells.sums[place] = sums if known is None else tuple(map(add, known, sums))


def sums_of(rows: Sequence[Row]) -> Sums:
    """The measures of attempts. A count that no answer can have counts as the largest one that an answer can."""
    if len(rows) == 1:
        return _sums_of_one(rows[0])
    numbers, outcomes, at_fault, sources, costs, saved, *counts = zip(*map(_measured, rows), strict=True)
    outcome_counts, faults = Counter(outcomes), Counter(map(fault_of, at_fault, outcomes))
    tokens = [sum([min(max(count, 0), MOST) for count in column if count]) for column in counts]
    unpriced = [place for place, cost in enumerate(costs) if cost is None and sources[place] is not None]
    known_costs = [cost for cost in costs if cost is not None]
    savings = [each for each in saved if each is not None]
    return (
        numbers.count(1),
        len(rows),
        *[outcome_counts[outcome] for outcome in OUTCOMES],
        *[faults[fault] for fault in FAULTS],
        *tokens,
        sum([source is not None and source != "reported" for source in sources]),
        sources.count(None),
        len(unpriced),
        sum([min(max(counts[kind][place] or 0, 0), MOST) for kind in (_INPUT, _OUTPUT) for place in unpriced]),
        sum([cost // COST_UNIT for cost in known_costs]),
        sum([cost % COST_UNIT for cost in known_costs]),
        sum([each // COST_UNIT for each in savings]),
        sum([each % COST_UNIT for each in savings]),
    )


def _sums_of_one(row: Row) -> Sums:
    """The same for one attempt, which is all that most sessions have in a batch, in a third of the time."""
    number, outcome, at_fault, source, cost, saved, *counts = _measured(row)
    tokens = [min(max(count, 0), MOST) if count else 0 for count in counts]
    unpriced = cost is None and source is not None
    return (
        int(number == 1),
        1,
        *_ONE_OF_OUTCOMES[outcome],
        *_ONE_OF_FAULTS[fault_of(at_fault, outcome)],
        *tokens,
        int(source is not None and source != "reported"),
        int(source is None),
        int(unpriced),
        tokens[_INPUT] + tokens[_OUTPUT] if unpriced else 0,
        *divmod(cost or 0, COST_UNIT),
        *divmod(saved or 0, COST_UNIT),
    )


def _one_of(names: Sequence[str]) -> dict[str | None, tuple[int, ...]]:
    """A 1 in the place of each name; nothing but zeros for None."""
    return {name: tuple([int(name == other) for other in names]) for name in (*names, None)}


_ONE_OF_OUTCOMES, _ONE_OF_FAULTS = _one_of(OUTCOMES), _one_of(FAULTS)
_NOTHING: Final = (0,) * len(MEASURES)


def _count_durations(cells: Cells, hour: int, rows: Sequence[Row]) -> None:
    """The time to the first token counts for streams only: a whole answer has none.

    The rows are alike in all dimensions that a latency has.
    """
    outcomes, streams, first_tokens, totals = zip(*map(_timed, rows), strict=True)
    timed: dict[Timing, Iterable[int | None]] = {
        "first_token": compress(first_tokens, streams),
        "total": [total for total, outcome in zip(totals, outcomes, strict=True) if outcome == "ok"],
    }
    values = _dimensions(_latency_dimensions(rows[0]))
    group = group_id(LATENCIES, values)
    for timing, durations in timed.items():
        for bucket, count in Counter(
            map(bucket_of, [duration for duration in durations if duration is not None])
        ).items():
            cells.groups[group] = values
            place = hour, group, timing, bucket
            cells.counts[place] = cells.counts.get(place, 0) + count
