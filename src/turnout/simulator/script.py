"""The little language that says how the simulator behaves for one request.

It is written in the model's name after the word ``sim`` (``sim-status-429-retry-2``, ``gpt-4o-sim-tools``) or in the
header ``x-simulate`` (``status-429-retry-2``, or the same with other separators: ``fault=cut-stream:after=3``). When
both are there, the header wins. Words are joined by any of ``- _ : = ; , . /`` and spaces; a word that isn't of the
language is refused with 400, so that a misspelt fault can't pass for a working gateway.

Times are milliseconds unless said otherwise. ``after-N`` counts pieces of content (a word, a piece of a tool call's
arguments), not opening frames, so it means the same on every wire; it is 1 when left out, and the end of the content
when the answer is shorter. A unary answer has one piece: the first half of its body.

before the answer
    ``status-N``              the vendor's error for HTTP status N; ``status-N-retry-S`` with ``Retry-After: S``
                              (seconds), ``status-N-retry-date-S`` with the HTTP date S seconds from now
    ``reset``                 the connection is reset (RST) before the headers
    ``no-reply``              the request is read and never answered
    ``slow-headers-MS``       nothing at all is sent for that time

in the middle of it
    ``slow-first-MS``         the first piece of content comes that late (headers and opening frames at once)
    ``slow-between-MS``       the time between two pieces
    ``cut-stream-after-N``    the connection is closed between two events, without an end
    ``cut-event-after-N``     the connection is closed in the middle of an event
    ``reset-after-N``         the connection is reset (RST)
    ``end-after-N``           the HTTP body ends as it should, the wire's own end never comes, nor the rest
    ``stall-after-N``         silence, with the connection open
    ``malformed-after-N``     one event is not JSON; the others follow
    ``bad-chunk-after-N``     a chunk of the HTTP body has a size that is no number
    ``error-after-N``         the vendor's error event, then the end (unary: an error's body under status 200)
    ``no-end``                all the content, then the HTTP body ends without finish reason, usage or terminator
    ``split-N``               a write, and an HTTP chunk, for every N bytes: cuts inside UTF-8 characters and line ends

how often
    ``times-K``               faults and latencies strike the first K attempts with this model and header, no more
    ``id-WORD``               means nothing: it keeps two tests' attempts apart

what is answered
    ``tools``                 calls the first tool offered; ``parallel-tools`` calls all of them (a single one twice)
    ``thinking``              thinks first
    ``cached``                half of the input tokens were read from the prompt cache, a quarter written to it
    ``refusal``               refuses to answer
    ``words-N``               answers with N words

The words of the last group without a number also work anywhere in a model's name (``my-tools-model``).
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from .refused import Refused

Fault = Literal[
    "",
    "reset",
    "no-reply",
    "cut-stream",
    "cut-event",
    "end",
    "stall",
    "malformed",
    "bad-chunk",
    "error",
    "no-end",
]


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """What one request asked of the simulator. Times are milliseconds, ``retry_after`` and ``retry_date`` seconds."""

    status: int = 0
    retry_after: int | None = None
    retry_date: int | None = None
    fault: Fault = ""
    after: int | None = None
    split: int = 0
    slow_headers: int = 0
    slow_first: int = 0
    slow_between: int = 0
    times: int | None = None
    tools: bool = False
    parallel_tools: bool = False
    thinking: bool = False
    cached: bool = False
    refusal: bool = False
    words: int | None = None

    @property
    def strikes_before(self) -> bool:
        """Is there a fault that leaves no answer at all?"""
        return bool(self.status) or self.fault == "no-reply" or (self.fault == "reset" and self.after is None)

    @property
    def strikes_during(self) -> bool:
        """Is there a fault that needs an answer to strike?"""
        return bool(self.fault) and not self.strikes_before

    def without_faults(self) -> Script:
        """The same once the faults are used up: only what is answered stays."""
        return Script(
            tools=self.tools,
            parallel_tools=self.parallel_tools,
            thinking=self.thinking,
            cached=self.cached,
            refusal=self.refusal,
            words=self.words,
        )


_SEPARATORS = re.compile(r"[-_:=;,./\s]+")
_WORDS = tuple(
    re.compile(f"(?:{pattern})(?:-|$)")
    for pattern in (
        r"status-(?P<status>[45]\d\d)(?:-retry-date-(?P<retry_date>\d+)|-retry-(?P<retry_after>\d+))?",
        r"(?P<fault>no-reply|no-end)",
        r"(?P<fault>reset|cut-stream|cut-event|end|stall|malformed|bad-chunk|error)(?:-after-(?P<after>\d+))?",
        r"slow-headers-(?P<slow_headers>\d+)",
        r"slow-first-(?P<slow_first>\d+)",
        r"slow-between-(?P<slow_between>\d+)",
        r"split-(?P<split>[1-9]\d*)",
        r"times-(?P<times>\d+)",
        r"id-[^-]+",
        r"words-(?P<words>\d+)",
        r"(?P<parallel_tools>parallel-tools)",
        r"(?P<tools>tools)",
        r"(?P<thinking>thinking)",
        r"(?P<cached>cached)",
        r"(?P<refusal>refusal)",
        r"fault",  # only there to be read: fault=reset
    )
)
_BEHAVIOURS = ("tools", "parallel-tools", "thinking", "cached", "refusal")


def read_script(model: str, header: str) -> Script:
    """What ``model`` and the header ``x-simulate`` ask for. Raises ``Refused`` for a word that it doesn't know."""
    fields: dict[str, object] = {word.replace("-", "_"): True for word in _BEHAVIOURS if word in model}
    name = "-".join(_SEPARATORS.split(model.removesuffix(":latest")))
    _, _, words = f"-{name}-".partition("-sim-")
    fields |= _read(words.strip("-"), model)
    fields |= _read("-".join(_SEPARATORS.split(header)).strip("-"), header)
    return msgspec.convert(fields, Script, strict=False)


def _read(words: str, source: str) -> dict[str, object]:
    fields: dict[str, object] = {}
    at = 0
    while at < len(words):
        match = next((match for word in _WORDS if (match := word.match(words, at))), None)
        if match is None:
            raise Refused(400, f"The simulator does not know '{words[at:]}' in '{source}'.")
        for name, value in match.groupdict().items():
            if value is not None:
                fields[name] = True if value.replace("-", "_") == name else value  # a word alone is a flag
        at = match.end()
    return fields
