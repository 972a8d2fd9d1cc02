"""Random traffic, and its sums computed another way: by hand, attempt by attempt."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from tests.storage.support import attempt
from turnout.core import EndedAttempt, Extra, Usage
from turnout.core.usage import COUNTS, EXTRA_COUNTS, NO_EXTRA
from turnout.storage.usage.dimensions import MEASURES, OUTCOMES
from turnout.storage.usage.sketch import bucket_of

HOUR = 3_600_000_000
FIRST_HOUR = 490_000
"""November 2025: an hour in the middle of a day."""


def traffic(number: int, seed: int, hours: int = 60) -> list[EndedAttempt]:
    """Attempts of a few users, models and sessions, within that many hours."""
    source = random.Random(seed)  # noqa: S311  # the same traffic for the same seed
    return [_attempt(source, f"r{seed}-{count}", hours) for count in range(number)]


def _attempt(source: random.Random, request_id: str, hours: int) -> EndedAttempt:
    usage = Usage(
        input=source.randrange(5_000),
        output=source.randrange(900),
        cached_input=source.randrange(400),
        audio_input=source.choice([0, 0, 7]),
        source=source.choice(["reported", "estimated", "interrupted"]),
        extra=source.choice([NO_EXTRA, Extra(cache_write_1h=3, web_searches=2, seconds=9)]),
    )
    made = attempt(
        request_id,
        source.choice([1, 1, 2]),
        started=FIRST_HOUR * HOUR + source.randrange(hours * HOUR),
        user=source.choice(["alice", "bob", ""]),
        key_id=source.choice(["k1", "k2"]),
        team=source.choice(["", "blue"]),
        model=source.choice(["fast", "large"]),
        alias_of=source.choice(["", "fast"]),
        deployment=source.choice(["d1", "d2"]),
        agent=source.choice(["", "claude-code"]),
        session=source.choice(["", "s1", "s2"]),
        tags=source.choice([(), ("red",), ("red", "blue", "red")]),
        stream=source.random() < 0.5,
        outcome=source.choice([name for name in OUTCOMES if name != "lost"]),
        at_fault=source.choice([None, None, "client", "turnout", "provider"]),
        first_token=source.choice([None, source.randrange(10**6)]),
        total=source.randrange(10**8),
        operation=source.choice(["chat", "embeddings"]),
        usage=source.choice([None, usage]),
        cost=source.choice([None, source.randrange(10**14)]),
        saved=source.choice([None, source.randrange(10**14)]),
    )
    return EndedAttempt(made.start, None) if source.random() < 0.1 else made


def summed(attempts: Sequence[EndedAttempt]) -> dict[str, int]:
    """The measures, with one ``cost`` and one ``saved`` in the place of their two halves."""
    sums: Counter[str] = Counter(dict.fromkeys((*MEASURES, "cost", "saved"), 0))
    for each in attempts:
        end = each.end
        outcome = "lost" if end is None else end.outcome
        sums.update(["attempts", outcome])
        sums["requests"] += each.start.number == 1
        fault = "turnout" if end is None else end.at_fault or _FAULTS.get(outcome)
        if fault:
            sums[f"fault_{fault}"] += 1
        if end is None or end.usage is None:
            sums["unmetered"] += 1
        else:
            sums.update({name: getattr(end.usage, name) for name in COUNTS})
            sums.update({name: getattr(end.usage.extra, name) for name in EXTRA_COUNTS})
            sums["estimated"] += end.usage.source != "reported"
            if end.cost is None:
                sums.update(unpriced=1, unpriced_tokens=end.usage.total)
        sums["cost"] += 0 if end is None else end.cost or 0
        sums["saved"] += 0 if end is None else end.saved or 0
    return {name: count for name, count in sums.items() if not name.endswith(("_high", "_low"))}


_FAULTS = {
    "failed": "provider",
    "cut": "provider",
    "client_gone": "client",
    "drained": "turnout",
}


def named(sums: Sequence[int]) -> dict[str, int]:
    """Measures by name, as ``summed`` has them."""
    by_name = dict(zip(MEASURES, sums, strict=True))
    cost = by_name.pop("cost_high") * 10**9 + by_name.pop("cost_low")
    saved = by_name.pop("saved_high") * 10**9 + by_name.pop("saved_low")
    return by_name | {"cost": cost, "saved": saved}


def grouped(attempts: Sequence[EndedAttempt], key: Callable[[EndedAttempt], Any]) -> dict[Any, dict[str, int]]:
    """``summed`` of the attempts with the same key. A key that is None leaves the attempt out."""
    groups: dict[Any, list[EndedAttempt]] = {}
    for each in attempts:
        if (value := key(each)) is not None:
            groups.setdefault(value, []).append(each)
    return {value: summed(group) for value, group in groups.items()}


def buckets(attempts: Sequence[EndedAttempt]) -> Counter[tuple[str, str, int]]:
    """Attempts by deployment, what was timed, and bucket."""
    counts: Counter[tuple[str, str, int]] = Counter()
    for each in attempts:
        if each.end is not None and each.end.outcome == "ok":
            counts[each.start.deployment, "total", bucket_of(each.end.total)] += 1
        if each.end is not None and each.start.stream and each.end.first_token is not None:
            counts[each.start.deployment, "first_token", bucket_of(each.end.first_token)] += 1
    return counts
