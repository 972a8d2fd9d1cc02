"""Every fault of a first deployment, what the caller gets when a second one is whole, and who was asked how often."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec
import pytest

from tests.faults.received import DIALECTS

WIRES = ("openai", "azure", "anthropic", "gemini", "ollama", "llamacpp", "vllm", "compatible")
"""Providers that differ in their wire. Responses is OpenAI's for clients of that dialect."""
WITH_POLICY = ("openai", "azure", "anthropic", "compatible")
DEADLINE = 0.3
"""Seconds that the first deployment may be silent, where its fault is silence."""
SILENCE = {"first_token": DEADLINE, "first_byte": DEADLINE, "stall": DEADLINE}

CLOSED = "closed"
"""In place of a script: nobody listens at the first deployment's address."""
RESET = "reset"
"""Once for a request, a kept connection that is reset costs an attempt beyond its tries."""

GOES_ON = "llamacpp"
"""The second deployment's wire."""
WITHOUT_PREFILL = ("openai", "azure")
"""Wires of models that don't go on with an answer."""

Verdict = Literal["whole", "skipped", "refusal", "error", "cut"]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """``words`` are the first deployment's script. ``first`` and ``second`` are the attempts that each sees.

    ``comes``: the whole answer, the whole answer perhaps without the malformed word, a refusal, an error of that
    ``status``, or what came before the fault and then an error. ``loose``: no more attempts than these are made.
    ``settings`` are the model's, ``contexts`` both deployments', in tokens; ``second_script`` is for the other one.
    ``responses``: only where Responses is relayed, or only elsewhere.
    ``block``: the answer is the call of a tool, or begins with a thought.
    ``waits`` is how long the caller waits at least, ``apart`` the time between two attempts of the first deployment, in
    seconds. ``timeouts`` are the first deployment's own.
    """

    words: str
    stream: bool
    first: int
    second: int
    comes: Verdict = "whole"
    status: int = 200
    waits: float = 0
    apart: float = 0
    timeouts: dict[str, float] = {}
    wires: tuple[str, ...] = WIRES
    dialects: tuple[str, ...] = DIALECTS
    onto: str = GOES_ON
    length: int = 24
    loose: bool = False
    responses: bool | None = None
    settings: dict[str, str] = {}
    contexts: tuple[int, int] | None = None
    second_script: str = ""
    block: Literal["", "call", "thought"] = ""

    @property
    def id(self) -> str:
        more = [] if self.onto == GOES_ON else ["onto", self.onto]
        more += [*self.settings.values(), *map(str, self.contexts or ()), *filter(None, [self.second_script])]
        return "-".join([self.words, *more, "responses" if self.responses else "stream" if self.stream else "unary"])

    @property
    def cells(self) -> list[tuple[str, str]]:
        """Wires and dialects that meet it."""
        all_cells = [(wire, dialect) for wire in self.wires for dialect in self.dialects]
        return [cell for cell in all_cells if self.responses in (None, _relays_responses(*cell))]

    @property
    def split(self) -> list[Fault]:
        """Itself, once where Responses is relayed, and once elsewhere."""
        return [msgspec.structs.replace(self, responses=responses) for responses in (False, True)]

    @property
    def whole(self) -> str:
        """The answer of both deployments."""
        return " ".join(f"word{n}" for n in range(1, self.length + 1))


def _relays_responses(wire: str, dialect: str) -> bool:
    return dialect == "responses" and wire in ("openai", "azure", "vllm")


def _both(words: str, first: int, second: int, **more: object) -> list[Fault]:
    fields = {"words": words, "first": first, "second": second, **more}
    return [msgspec.convert({**fields, "stream": stream}, Fault) for stream in (False, True)]


def _silent(words: str, *, stream: bool) -> Fault:
    """Who stayed silent is not asked again."""
    return Fault(words=words, stream=stream, first=1, second=1, waits=DEADLINE, timeouts=SILENCE)


def _broken(words: str) -> list[Fault]:
    """An answer that breaks off in its middle: the second deployment goes on; a whole answer is asked for again."""
    streamed = Fault(words=words, stream=True, first=1, second=1)
    return [*streamed.split, Fault(words=words, stream=False, first=2, second=1)]


PASSING = ("reset", "status-500", "status-502", "status-503", "status-529", "status-429", "error-body", "html")
BEFORE: list[Fault] = [
    *_both(CLOSED, 0, 1),
    *(fault for words in PASSING for fault in _both(words, 2, 1)),
    *(fault for words in ("status-401", "status-403", "status-404") for fault in _both(words, 1, 1)),
    *_both("status-429-retry-ms-300", 2, 1, waits=0.3, apart=0.3),
    *_both("status-429-retry-1", 2, 1, waits=1, apart=1),
    *_both("status-503-retry-date-1", 2, 1, waits=0.9, apart=0.9),
    *_both("status-429-retry-30", 1, 1),
    *_both("status-400", 1, 0, comes="error", status=400),
    *_both("status-422", 1, 0, comes="error", status=422),
    *_both("blocked", 1, 0, comes="error", status=400, wires=WITH_POLICY),
    *_both("refusal", 1, 0, comes="refusal"),
    *(_silent(words, stream=stream) for words in ("no-reply", "slow-headers-9000") for stream in (False, True)),
]
"""Before the head of the reply."""

OPENED: list[Fault] = [
    *(
        Fault(words=f"{words}-after-0", stream=True, first=2, second=1)
        for words in ("cut-stream", "cut-event", "reset", "end", "bad-chunk", "error", "html")
    ),
    *(_silent(words, stream=True) for words in ("stall-after-0", "stall-after-0-pings-50", "slow-first-9000")),
    _silent("slow-first-9000", stream=False),
]
"""After the events that only open an answer, and before its first word."""

MIDDLE: list[Fault] = [
    *(
        fault
        for words in ("cut-stream", "cut-event", "reset", "end", "bad-chunk", "error", "html")
        for fault in _broken(f"{words}-after-5")
    ),
    *_broken("malformed-after-5-twice-slow-between-100"),
    *_broken("no-end"),
    *(_silent(f"stall-after-{at}", stream=False) for at in (1, 5, 23)),
    *(fault for at in (1, 5, 23) for fault in _silent(f"stall-after-{at}", stream=True).split),
    *Fault(words="stall-after-5-pings-50", stream=True, first=1, second=1, waits=1, timeouts={"total": 1}).split,
    *_silent("slow-between-9000", stream=True).split,
    *(
        Fault(words="cut-stream-after-5", stream=True, first=1, second=1, onto=onto, wires=("compatible",))
        for onto in ("ollama", "vllm", "anthropic", "gemini", "compatible")
    ),
    *(
        Fault(words="cut-stream-after-5", stream=True, first=1, second=0, comes="cut", onto=onto, wires=("compatible",))
        for onto in WITHOUT_PREFILL
    ),
    Fault(words="malformed-after-5", stream=True, first=1, second=0, comes="skipped"),
    Fault(words="malformed-after-5", stream=False, first=2, second=1),
]
"""After words have gone out."""

RESTART, ERROR, AS_STREAM = {"midstream": "restart"}, {"midstream": "error"}, {"upstream": "stream"}
SETTINGS: list[Fault] = [
    *(
        fault
        for words in ("cut-stream-after-5", "error-after-5", "no-end")
        for fault in Fault(words=words, stream=True, first=1, second=1, settings=RESTART, onto="openai").split
    ),
    *Fault(
        words="cut-stream-after-5",
        stream=True,
        first=1,
        second=1,
        settings=RESTART,
        second_script="words-3",
        comes="cut",
    ).split,
    Fault(words="cut-stream-after-5", stream=True, first=1, second=0, settings=ERROR, comes="cut"),
    Fault(words="cut-stream-after-5", stream=False, first=1, second=1, settings=AS_STREAM),
    Fault(words="error-after-5", stream=False, first=1, second=1, settings=AS_STREAM),
    Fault(words="cut-stream-after-5", stream=False, first=1, second=1, settings=AS_STREAM, onto="openai"),
    msgspec.structs.replace(_silent("stall-after-5", stream=False), settings=AS_STREAM),
    *_both("blocked", 1, 1, settings={"on_content_filter": "fallback"}, wires=WITH_POLICY),
    *_both("too-long", 1, 1, contexts=(1000, 2000)),
    *_both("too-long", 1, 0, contexts=(2000, 2000), comes="error", status=400),
]
"""What the configuration says of it."""

HARMLESS: list[Fault] = [
    *_both("split-7-slow-between-5", 1, 0),
    Fault(words="no-terminator", stream=True, first=1, second=0),
    Fault(words="cut-stream-at-9999", stream=True, first=1, second=0),
    Fault(words="reset-at-9999", stream=True, first=1, second=0),
]
"""The answer is whole: it is slow, or lacks what says nothing."""

CALL = '{"city":"city 1","country":"country 1"}'
"""The arguments of the simulator's call, in five pieces where the wire has pieces."""
CALL_TOKENS = 6
IN_PIECES = ("openai", "azure", "anthropic", "llamacpp", "vllm", "compatible")
WHOLE_CALLS = ("gemini", "ollama")
"""Wires, and dialects, that have only whole calls."""
SIGNED = ("anthropic", "gemini")
"""Wires whose thoughts nobody else can go on with."""
UNSIGNED = tuple(wire for wire in WIRES if wire not in SIGNED)


def _call(words: str, *, stream: bool = True, **more: object) -> Fault:
    """The answers of both deployments are calls, as the names of both have the word ``tools``."""
    fields = {"words": f"tools-{words}", "stream": stream, "block": "call", "length": CALL_TOKENS, "first": 1}
    return msgspec.convert({**fields, **more}, Fault)


def _thought(words: str, *, stream: bool = True, **more: object) -> Fault:
    """Both deployments think first."""
    fields = {"words": f"thinking-{words}", "stream": stream, "block": "thought", "first": 1, "second": 1}
    return msgspec.convert({**fields, **more}, Fault)


BREAKS = ("cut-stream", "cut-event", "end", "error", "stall", "html")
SENDS_PIECES = tuple(dialect for dialect in DIALECTS if dialect not in WHOLE_CALLS)
BLOCKS: list[Fault] = [
    *(
        fault
        for words in BREAKS
        for timeouts in (SILENCE if words == "stall" else {},)
        for fault in (
            _call(f"{words}-after-2", second=0, comes="cut", wires=IN_PIECES, dialects=SENDS_PIECES, timeouts=timeouts),
            _thought(f"{words}-after-3", second=0, comes="cut", wires=SIGNED, timeouts=timeouts),
        )
    ),
    _call("cut-stream-after-2", second=1, wires=IN_PIECES, dialects=WHOLE_CALLS),
    _call("cut-stream-after-2", second=1, stream=False, settings=AS_STREAM, wires=IN_PIECES),
    _call("cut-event-after-0", first=2, second=1, wires=WHOLE_CALLS),
    _call("cut-stream-after-1", second=0, comes="cut", wires=WHOLE_CALLS),
    _thought("cut-stream-after-0", first=2),
    _thought("cut-stream-after-3", wires=UNSIGNED),
    _thought("cut-stream-after-3", stream=False, settings=AS_STREAM),
    _thought("cut-stream-after-3", stream=False, settings=AS_STREAM, onto="openai"),
    _thought("cut-stream-after-13"),
]
"""In the arguments of a call, and in a thought: begun again where the client has nothing of it, else an error."""

FAULTS = (*BEFORE, *OPENED, *MIDDLE, *SETTINGS, *HARMLESS, *BLOCKS)

SHORT = 6
"""Words of a short stream."""
MOST_EVENTS = 15
"""No wire has more for a short stream."""
AT_EVENT_WORDS = ("cut-stream", "cut-event", "reset", "end", "error", "stall", "html", "malformed")


def _at_event(words: str, at: int, turn: int, wire: str) -> Fault:
    """The first words in every dialect, the others in one after the other."""
    return Fault(
        words=f"{words}-at-{at}",
        stream=True,
        first=2,
        second=1,
        timeouts=SILENCE if words == "stall" else {},
        comes="skipped" if words == "malformed" else "whole",
        wires=(wire,),
        dialects=DIALECTS if words == "cut-stream" else (DIALECTS[(at + turn) % len(DIALECTS)],),
        length=SHORT,
        loose=True,
    )


def _at_every_event(words: str, *, responses: bool) -> list[Fault]:
    faults = [_at_event(words, at, turn, wire) for at in range(MOST_EVENTS + 1) for turn, wire in enumerate(WIRES)]
    return [msgspec.structs.replace(fault, responses=responses) for fault in faults]


AT_EVENTS: dict[str, list[Fault]] = {
    f"{words}-at-every-event{'-of-responses' if responses else ''}": _at_every_event(words, responses=responses)
    for words in AT_EVENT_WORDS
    for responses in (False, True)
}
"""At every event of a short stream, on every wire."""

OWN = {"chat": "openai", "responses": "openai", "anthropic": "anthropic", "gemini": "gemini", "ollama": "ollama"}
"""The provider of each dialect, whose bytes are relayed."""
AT_BYTES: dict[str, list[Fault]] = {
    f"bytes-of-{dialect}": [
        Fault(
            words=f"{words}-byte-{at}",
            stream=True,
            first=2,
            second=1,
            wires=(wire,),
            dialects=(dialect,),
            length=2,
            loose=True,
        )
        for words in ("cut-stream", "end")
        for at in range(0, length, length // 40)
    ]
    for dialect, wire in OWN.items()
    for length in (5000 if dialect == "responses" else 1500,)
}
"""At some bytes of a relayed stream. ``test_bytes.py`` has all of them, without a second deployment."""


def named(rows: Iterable[tuple[str, object]]) -> list[object]:
    """Each row with its id."""
    return [pytest.param(value, id=name) for name, value in rows]
