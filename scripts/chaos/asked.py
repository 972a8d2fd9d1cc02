"""The requests of the chaos: what each asks, which faults it meets, and when its client hangs up."""

from __future__ import annotations

import random
from typing import Any, Final

import msgspec

from tests.faults.received import DIALECTS, request
from tests.faults.table import WIRES
from turnout.tokens import TOKEN
from turnout.tokens.weights import weigh

HEDGED: Final = "hedged"
"""The model whose late streams get a second attempt."""
FIRST, SECOND, LAST = "first", "second", "last"
"""The deployments of every model, by their names at the simulator."""

_STREAMS, _SICK, _SECOND_SICK, _LEAVES, _HEDGES, _LONG = 0.8, 0.45, 0.15, 0.15, 0.12, 0.06
"""Shares of requests."""
_BEFORE: Final = (
    *(f"status-{status}" for status in (401, 404, 429, 500, 503, 529)),
    *("reset", "no-reply", "error-body", "html", "slow-headers-400"),
)
_DURING: Final = ("cut-stream", "cut-event", "reset", "end", "bad-chunk", "error", "html", "malformed", "stall")
_AFTER_ALL: Final = ("no-end", "no-terminator")
_LATE: Final = "slow-first-300"
_WORDS: Final = ("that", "the")
"""Of 4 and 3 letters: they weigh more than a token, and less."""
_LIGHT: Final = "a"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """``mark`` is the request's session, and a word of its prompt that the simulator logs. ``faults`` are those of the
    deployments by name. The client hangs up after ``reads`` pieces of the reply or ``seconds``, if they are set.
    """

    mark: str
    dialect: str
    model: str
    stream: bool
    prompt: str
    faults: dict[str, str]
    reads: int | None = None
    seconds: float | None = None
    abruptly: bool = False

    def http(self) -> tuple[str, dict[str, Any]]:
        """The path and the body."""
        return request(self.dialect, self.model, self.prompt, stream=self.stream)


def asked(number: int, seed: int) -> Asked:
    """The request of that number; the same one for the same seed."""
    choose = random.Random(seed * 1_000_003 + number)  # noqa: S311  # the same requests each time
    mark = f"r{number}"
    model = HEDGED if choose.random() < _HEDGES else choose.choice(WIRES)
    faults = _faults(choose, model)
    pause = 25 if choose.random() < _LONG else choose.randint(2, 12)
    marks = [f"[[sim id-{mark} slow-first-{choose.randint(0, 40)} slow-between-{pause}]]"]
    marks += [f"[[sim@{name} {words}]]" for name, words in faults.items()]
    leaves = choose.random() < _LEAVES
    return Asked(
        mark=mark,
        dialect=choose.choice(DIALECTS),
        model=model,
        stream=choose.random() < _STREAMS,
        prompt=text_of(choose.randint(20, 200), " ".join(marks)),
        faults=faults,
        reads=choose.randint(0, 120) if leaves else None,
        seconds=choose.uniform(0, 1) if leaves else None,
        abruptly=choose.random() < 0.5,
    )


def _faults(choose: random.Random, model: str) -> dict[str, str]:
    if model == HEDGED:
        return {FIRST: _LATE} if choose.random() < 0.1 else {}
    shares = {FIRST: _SICK, SECOND: _SECOND_SICK}
    return {name: _fault(choose) for name, share in shares.items() if choose.random() < share}


def _fault(choose: random.Random) -> str:
    kind = choose.choice((*_BEFORE, *_DURING, *_DURING, *_AFTER_ALL))
    if kind in _DURING and choose.random() < 0.9:
        kind += f"-after-{choose.randint(0, 60)}"
    return f"{kind} times-1" if choose.random() < 0.3 else kind


def text_of(words: int, end: str) -> str:
    """So many words, and some light ones before ``end``: as many words in all as Turnout estimates tokens.

    The simulator counts a word as a token. So what is estimated is measured by what is sent, not by the estimator. That
    holds for a beginning of the text, too, which is what a broken answer says of it.
    """
    weighs = [(word, weigh(word.encode())) for word in _WORDS]
    chosen: list[str] = []
    weight = 0
    for at in range(1, words + 1):
        word, more = next(each for each in weighs if weight + each[1] <= TOKEN * at)
        chosen.append(word)
        weight += more
    surplus = weight + weigh(end.encode()) - TOKEN * (words + len(end.split()))
    return " ".join((*chosen, *[_LIGHT] * (surplus // (TOKEN - weigh(_LIGHT.encode()))), end))
