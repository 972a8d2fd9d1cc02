"""What every client is asked to do, and how one sees that it was done.

A prompt steers the simulator by its marks (src/turnout/simulator/marks.py). ``BLUE`` and ``GREEN`` are what functions
return, or what is in the files ``blue.txt`` and ``green.txt``: no prompt has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

BLUE, GREEN = "blue-42", "green-43"
TOO_LONG = r"context[ _](?:length|window|size)|too long|maximum number of tokens"
"""How a client tells that the prompt was too long, unless it has words of its own for it."""
PNG_BASE64 = "iVBORw0KGgo"  # how every PNG begins
Attempts = Sequence[dict[str, Any]]
"""What the simulator saw, the oldest first: see ``Attempt`` in src/turnout/simulator/log.py."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """``output`` is what the client printed, without marks and colours. ``requests`` are the bodies that the provider
    got. ``outcomes`` are those of the attempts in Turnout's records. ``too_long`` is how the client tells that.
    """

    output: str
    attempts: Attempts
    requests: Sequence[str]
    outcomes: Sequence[str]
    too_long: str


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """The client's own tool calls follow ``prompt``. ``check`` returns what is wrong, or nothing."""

    name: str
    prompt: str
    check: Callable[[Seen], str]
    means: str


def _answered(seen: Seen) -> str:
    return "" if " said:" in seen.output else "the answer is not in what it printed"


def _recorded(seen: Seen) -> str:
    return _answered(seen) or ("" if "ok" in seen.outcomes else f"the record says {seen.outcomes}")


def _streamed(seen: Seen) -> str:
    return _recorded(seen) or (
        "" if any(a["stream"] for a in seen.attempts) else "the provider was asked for no stream"
    )


def _ran(*results: str) -> Callable[[Seen], str]:
    def check(seen: Seen) -> str:
        sent = [request for request in seen.requests if all(result in request for result in results)]
        if not sent:
            return "no tool's result reached the provider"
        return "" if "The tools said" in seen.output else "the answer after the tools is not in what it printed"

    return check


def _saw(seen: Seen) -> str:
    return "" if any(PNG_BASE64 in request for request in seen.requests) else "the provider saw no image"


def _fits(seen: Seen) -> str:
    return "" if re.search(r"city\W+city 1", seen.output) else "the answer doesn't fit the schema"


def _failed(status: int, told: str) -> Callable[[Seen], str]:
    def check(seen: Seen) -> str:
        if status not in [attempt["status"] for attempt in seen.attempts]:
            return f"the provider never answered {status}"
        if not _answered(seen) or re.search(told, seen.output, re.IGNORECASE):
            return ""
        return "it neither tried again nor told why"

    return check


def _too_long(seen: Seen) -> str:
    if not seen.attempts:
        return "the provider was never asked"
    return "" if re.search(seen.too_long, seen.output, re.IGNORECASE) else "it doesn't tell that the prompt is too long"


def _left(seen: Seen) -> str:
    if "client_left" not in [attempt["outcome"] for attempt in seen.attempts]:
        return "the provider's connection stayed open"
    return "" if "client_gone" in seen.outcomes else f"the record says {seen.outcomes}"


TASKS = (
    Task(name="text", prompt="Say teal.", check=_recorded, means="a whole answer, and Turnout's record of it"),
    Task(name="stream", prompt="Say teal again.", check=_streamed, means="an answer in pieces, all the way"),
    Task(
        name="tool",
        prompt="Run it.",
        check=_ran(BLUE),
        means="the client runs a tool, sends its result, and gets an answer to it",
    ),
    Task(name="parallel", prompt="Run both.", check=_ran(BLUE, GREEN), means="two calls in one answer"),
    Task(name="image", prompt="Look at the picture.", check=_saw, means="the provider sees a picture"),
    Task(name="structured", prompt="Where to?", check=_fits, means="an answer that fits a JSON schema"),
    Task(
        name="429",
        prompt="Be busy. [[sim status-429-retry-1-times-1]]",
        check=_failed(429, r"429|rate.?limit|too many|exhausted|overloaded"),
        means="the provider is busy once: the client tries again, or tells",
    ),
    Task(
        name="500",
        prompt="Fail. [[sim status-500-times-1]]",
        check=_failed(500, r"50[0-4]|server.?error|internal|unavailable"),
        means="the provider fails once: the client tries again, or tells",
    ),
    Task(
        name="context",
        prompt="Be long. [[sim too-long]]",
        check=_too_long,
        means="the provider finds the prompt too long: the client understands that, and tells",
    ),
    Task(
        name="cancel",
        prompt="Be slow. [[sim words-300-slow-between-1000]]",
        check=_left,
        means="the client is interrupted: the provider's connection is closed, and the record says so",
    ),
)
FAILING = ("429", "500", "context")
"""The tasks in which the provider refuses."""
CALLING = ("tool", "parallel", "image", "structured")
"""The tasks in which a client may have the model call tools of its own."""


def clean(output: str) -> str:
    """Without the marks, so that a prompt that is repeated proves nothing, and without a terminal's colours."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\[\[(?:sim|call) .*?\]\]", "", output, flags=re.DOTALL)
