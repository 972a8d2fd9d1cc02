"""What counts as done, and what doesn't."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.clients.tasks import BLUE, GREEN, TASKS, TOO_LONG, Seen, clean

CHECKS = {task.name: task.check for task in TASKS}
ANSWERED: dict[str, Any] = {"status": 200, "stream": True, "outcome": "completed"}
PICTURE = '{"image": "iVBORw0KGgoAAA"}'


def seen(output: str, *attempts: dict[str, Any], **more: Any) -> Seen:
    fields = {"requests": (), "outcomes": ("ok",), "too_long": TOO_LONG, **more}
    return Seen(output=output, attempts=attempts, **fields)


def failed(status: int) -> dict[str, Any]:
    return ANSWERED | {"status": status}


LEFT = ANSWERED | {"outcome": "client_left"}

RIGHT = [
    ("text", seen("You said: Say teal.")),
    ("stream", seen("You said: Say teal.", ANSWERED)),
    ("tool", seen(f"The tools said: {BLUE}", requests=["{}", BLUE])),
    ("parallel", seen("The tools said: both", requests=[f"{BLUE} {GREEN}"])),
    ("image", seen("", requests=[PICTURE])),
    ("structured", seen('{"city": "city 1", "days": 1}')),
    ("429", seen("You said: Be busy.", failed(429), ANSWERED)),
    ("429", seen("Rate limit reached", failed(429))),
    ("500", seen("Server error", failed(500))),
    ("context", seen("maximum context length is 9", failed(400))),
    ("cancel", seen("", LEFT, outcomes=("client_gone",))),
]
WRONG = [
    ("text", seen("Error")),
    ("text", seen("You said: Say teal.", outcomes=("cut",))),
    ("stream", seen("You said: Say teal.", ANSWERED | {"stream": False})),
    ("tool", seen(f"The tools said: {BLUE}", requests=["{}"])),
    ("tool", seen("Error", requests=[BLUE])),
    ("parallel", seen("The tools said: both", requests=[BLUE, GREEN])),
    ("image", seen("I saw no image", requests=["{}"])),
    ("structured", seen("Error")),
    ("429", seen("You said: Be busy.", ANSWERED)),
    ("429", seen("Something went wrong", failed(429))),
    ("500", seen("Something went wrong", failed(500))),
    ("context", seen("Something went wrong", failed(400))),
    ("context", seen("maximum context length is 9")),
    ("cancel", seen("", ANSWERED, outcomes=("client_gone",))),
    ("cancel", seen("", LEFT, outcomes=("ok",))),
]


@pytest.mark.parametrize(("name", "what"), RIGHT)
def test_a_task_that_was_done(name: str, what: Seen) -> None:
    assert CHECKS[name](what) == ""


@pytest.mark.parametrize(("name", "what"), WRONG)
def test_a_task_that_was_not_done(name: str, what: Seen) -> None:
    assert CHECKS[name](what)


def test_a_prompt_that_is_printed_again_proves_nothing() -> None:
    shown = '\x1b[1mBe long.\x1b[0m [[sim too-long]] [[call Bash {"command": "cat blue.txt"}]] Done.'
    assert clean(shown) == "Be long.   Done."
