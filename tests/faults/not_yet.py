"""The tests of this folder that fail until a promise is kept: who keeps it deletes its rows.

Each key is the id of a test. A row that passes by now fails (``xfail(strict=True)``).
"""

from __future__ import annotations

_MIDDLE = "Nobody goes on with an answer that breaks off after words have gone out."
_HEALTH = "Pauses of a deployment's health can't be configured."
_RUBBISH = "A web page in the middle of a relayed stream is passed on."
_MALFORMED = "A single malformed event ends the answer."
_TERMINATOR = "A relayed stream that has its finish and lacks [DONE] is passed on without it."

NOT_YET: dict[str, str] = {
    **dict.fromkeys(
        (
            *(
                f"{words}-after-5-stream"
                for words in ("cut-stream", "cut-event", "reset", "end", "bad-chunk", "error", "html")
            ),
            *(f"stall-after-{at}-stream" for at in (1, 5, 23)),
            "malformed-after-5-twice-slow-between-100-stream",
            "stall-after-5-pings-50-stream",
            "slow-between-9000-stream",
            "no-end-stream",
            "some-bytes",
            "any-plan",
            "openais-accumulator-cut-stream-after-5-stream",
            *(
                f"sdks-{words}-stream"
                for words in (
                    *(
                        f"{fault}-after-5"
                        for fault in ("cut-stream", "cut-event", "reset", "end", "bad-chunk", "error", "html")
                    ),
                    *(f"stall-after-{at}" for at in (1, 5, 23)),
                    "malformed-after-5-twice-slow-between-100",
                    "no-end",
                    "slow-between-9000",
                )
            ),
            *(
                f"cut-stream-after-5-onto-{wire}-stream"
                for wire in ("ollama", "vllm", "anthropic", "gemini", "compatible")
            ),
            *(
                f"{words}-at-every-event"
                for words in ("cut-stream", "cut-event", "reset", "end", "error", "stall", "html", "malformed")
            ),
        ),
        _MIDDLE,
    ),
    **dict.fromkeys(("flapping-1", "flapping-4"), _HEALTH),
    "soak": _RUBBISH,
    "malformed-after-5-stream": _MALFORMED,
    "no-terminator-stream": _TERMINATOR,
}
