"""The tests of this folder that fail until a promise is kept: who keeps it deletes its rows.

Each key is the id of a test. A row that passes by now fails (``xfail(strict=True)``).
"""

from __future__ import annotations

_RESPONSES = "Nobody goes on with a relayed stream of Responses."
_RUBBISH = "Anthropic's relay passes on what is no whole event: a web page, or half an event at the end."
_AFTER_FINISH = "An error event after the finish makes a whole answer a broken one."
_ANTHROPICS_POLICY = "Anthropic's words for what its policy forbids are not taken for a refusal by policy."
_NO_FINISH = "Anthropic's message_stop without a stop reason before it passes for a finish."

_BROKEN = (
    *(f"{words}-after-5" for words in ("cut-stream", "cut-event", "reset", "end", "bad-chunk", "error", "html")),
    *(f"stall-after-{at}" for at in (1, 5, 23)),
    "malformed-after-5-twice-slow-between-100",
    "no-end",
    "slow-between-9000",
)

NOT_YET: dict[str, str] = {
    **dict.fromkeys((f"{words}-responses" for words in (*_BROKEN, "stall-after-5-pings-50")), _RESPONSES),
    **dict.fromkeys((f"sdks-{words}-responses" for words in _BROKEN), _RESPONSES),
    **dict.fromkeys(
        (
            f"{words}-at-every-event-of-responses"
            for words in ("cut-stream", "cut-event", "reset", "end", "error", "stall", "html", "malformed")
        ),
        _RESPONSES,
    ),
    **dict.fromkeys(
        (f"{words}-onto-openai-restart-responses" for words in ("cut-stream-after-5", "error-after-5", "no-end")),
        _RESPONSES,
    ),
    "cut-stream-after-5-restart-words-3-responses": _RESPONSES,
    "bytes-of-responses": _RESPONSES,
    "plans-of-responses": _RESPONSES,
}
