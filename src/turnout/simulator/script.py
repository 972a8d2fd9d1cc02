"""The small language that sets how the simulator behaves for one request.

It is written in the model's name after the word ``sim`` (``sim-status-429-retry-2``, ``gpt-4o-sim-tools``), in the
header ``x-simulate`` (``status-429-retry-2``, or with other separators: ``fault=cut-stream:after=3``), or in the prompt
(``marks.py``). Header and prompt win over the name. Words are joined by any of ``- _ : = ; , . /`` and spaces. An
unknown word is refused with 400, so that a test with a misspelt fault can't pass.

Times are milliseconds by default. ``after-N`` counts pieces of content (a word, a piece of a tool call's arguments),
not opening frames, so it means the same on every wire. Its default is 1; in a shorter answer it means the end of the
content. A unary answer has one piece: the first half of its body. ``at-N`` in its place counts every event, those that
open and end an answer too; a larger N means the end of the body, before HTTP's last chunk. ``byte-N`` counts the bytes
of the body.

before the answer
    ``status-N``              the vendor's error for HTTP status N; ``status-N-retry-S`` with ``Retry-After: S``
                              (seconds), ``status-N-retry-date-S`` with the HTTP date S seconds from now,
                              ``status-N-retry-ms-MS`` with ``retry-after-ms: MS``
    ``reset``                 the connection is reset (RST) before the headers
    ``no-reply``              the request is read and never answered
    ``too-long``              the vendor's error for a prompt that is longer than the context (``context.py``)
    ``blocked``               the vendor's error for a prompt that its content policy forbids (``policy.py``)
    ``error-body``            status 200 with the body of an error reply in place of the answer
    ``html``                  status 200 with a web page in place of the answer
    ``slow-headers-MS``       nothing is sent for that time

during the answer
    ``slow-first-MS``         the first piece of content comes after that time (headers and opening frames at once)
    ``slow-between-MS``       the time between two pieces
    ``cut-stream-after-N``    the connection is closed between two events, without an end
    ``cut-event-after-N``     the connection is closed in the middle of an event
    ``reset-after-N``         the connection is reset (RST)
    ``end-after-N``           the HTTP body ends correctly, without the rest of the content and the wire's own end
    ``stall-after-N``         nothing more is sent, and the connection stays open; with ``pings-MS`` the wire's sign of
                              life is sent each MS, where the wire has one
    ``malformed-after-N``     one event is not JSON, with ``twice`` two in a row; the others follow
    ``html-after-N``          a web page in place of the rest
    ``bad-chunk-after-N``     a chunk of the HTTP body has a size that is no number
    ``error-after-N``         the vendor's error event, then the end (unary: an error's body with status 200)
    ``no-end``                all the content, then the HTTP body ends without finish reason, usage or terminator
    ``no-terminator``         all of the answer, without the wire's terminator (``[DONE]``, ``message_stop``)
    ``split-N``               a write and an HTTP chunk for every N bytes, also inside UTF-8 characters and line ends

number and time of attempts
    ``times-K``               only the first K attempts with this model and header have faults and latencies
    ``down-FROM-TO``          only attempts from FROM until TO, in MS since the first with this model and header, have
                              faults and latencies; with ``every-MS`` again and again, each MS
    ``id-WORD``               has no effect; it keeps the attempts of two tests apart

the answer itself
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
    "html",
    "error-body",
    "no-end",
    "no-terminator",
]


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """The settings for one request. Times are milliseconds; ``retry_after`` and ``retry_date`` are seconds."""

    status: int = 0
    too_long: bool = False
    blocked: bool = False
    retry_after: int | None = None
    retry_date: int | None = None
    retry_ms: int | None = None
    fault: Fault = ""
    after: int | None = None
    at: int | None = None
    byte: int | None = None
    twice: bool = False
    pings: int = 0
    split: int = 0
    slow_headers: int = 0
    slow_first: int = 0
    slow_between: int = 0
    times: int | None = None
    down_from: int = 0
    down_to: int | None = None
    every: int | None = None
    tools: bool = False
    parallel_tools: bool = False
    thinking: bool = False
    cached: bool = False
    refusal: bool = False
    words: int | None = None

    @property
    def strikes_before(self) -> bool:
        """Whether there is a fault that leaves no answer at all."""
        refuses = self.too_long or self.blocked or bool(self.status)
        return (
            refuses or self.fault in ("no-reply", "error-body") or (self.fault in ("reset", "html") and self._is_whole)
        )

    @property
    def _is_whole(self) -> bool:
        """Whether the fault has no place in the answer."""
        return self.after is None and self.at is None and self.byte is None

    @property
    def strikes_during(self) -> bool:
        """Whether there is a fault that strikes during the answer."""
        return bool(self.fault) and not self.strikes_before

    def is_down(self, milliseconds: float) -> bool:
        """Whether faults strike at that time since the first attempt."""
        now = milliseconds % self.every if self.every else milliseconds
        return self.down_to is None or self.down_from <= now < self.down_to

    def without_faults(self) -> Script:
        """The script when it is over: it keeps the settings of the answer itself."""
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
        r"status-(?P<status>[45]\d\d)(?:-retry-date-(?P<retry_date>\d+)|-retry-ms-(?P<retry_ms>\d+)"
        r"|-retry-(?P<retry_after>\d+))?",
        r"(?P<too_long>too-long)",
        r"(?P<blocked>blocked)",
        r"(?P<fault>no-reply|no-end|no-terminator|error-body)",
        r"(?P<fault>reset|cut-stream|cut-event|end|stall|malformed|bad-chunk|error|html)"
        r"(?:-after-(?P<after>\d+)|-at-(?P<at>\d+)|-byte-(?P<byte>\d+))?",
        r"(?P<twice>twice)",
        r"pings-(?P<pings>[1-9]\d*)",
        r"slow-headers-(?P<slow_headers>\d+)",
        r"slow-first-(?P<slow_first>\d+)",
        r"slow-between-(?P<slow_between>\d+)",
        r"split-(?P<split>[1-9]\d*)",
        r"times-(?P<times>\d+)",
        r"down-(?P<down_from>\d+)-(?P<down_to>\d+)",
        r"every-(?P<every>[1-9]\d*)",
        r"id-[^-]+",
        r"words-(?P<words>\d+)",
        r"(?P<parallel_tools>parallel-tools)",
        r"(?P<tools>tools)",
        r"(?P<thinking>thinking)",
        r"(?P<cached>cached)",
        r"(?P<refusal>refusal)",
        r"fault",  # has no effect; it makes ``fault=reset`` readable
    )
)
_BEHAVIOURS = ("tools", "parallel-tools", "thinking", "cached", "refusal")


def read_script(model: str, header: str) -> Script:
    """Reads the script in ``model`` and in the header ``x-simulate``. Raises ``Refused`` for an unknown word."""
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
