"""Questions to the control process, in the same process and over the socket."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from tests.host.stage import stage
from tests.host.subjects import CONFLICT, DOUBLE, ECHO, HANG, LONG, WITHOUT_HANDLER, Hanging, add_handlers, double
from turnout.errors import ControlRefused, ControlTimeout
from turnout.host import Control, HostFolder, LocalControl, control_state


class AskedControl(NamedTuple):
    control: Control
    hanging: Hanging


@pytest.fixture(params=["local", "remote"])
async def controlled(request: pytest.FixtureRequest, folder: HostFolder) -> AsyncIterator[AskedControl]:
    """A local and a remote control process: both behave alike."""
    if request.param == "local":
        control = LocalControl()
        yield AskedControl(control, add_handlers(control))
    else:
        async with stage(folder) as at:
            yield AskedControl(at.remote, at.hanging)


async def test_the_handler_of_the_subject_answers(controlled: AskedControl) -> None:
    assert await controlled.control.ask(DOUBLE, 21, deadline_ms=LONG) == 42
    assert await controlled.control.ask(ECHO, b"\x00\xff", deadline_ms=LONG) == b"\x00\xff"


async def test_the_state_names_the_process(controlled: AskedControl) -> None:
    state = await control_state(controlled.control)
    assert (state.ok, state.pid, state.error) == (True, os.getpid(), None)
    assert state.started is not None


async def test_a_slow_answer_delays_no_other(controlled: AskedControl) -> None:
    slow = asyncio.create_task(controlled.control.ask(HANG, None, deadline_ms=LONG))
    await controlled.hanging.until(begun=1)
    assert await controlled.control.ask(DOUBLE, 1, deadline_ms=LONG) == 2
    assert not slow.done()
    slow.cancel()
    await asyncio.wait([slow])


async def test_a_handler_that_is_late_is_cancelled(controlled: AskedControl) -> None:
    with pytest.raises(ControlTimeout, match=r"about 'hang' within 20 ms") as raised:
        await controlled.control.ask(HANG, None, deadline_ms=20)
    assert (raised.value.status, raised.value.maybe_done) == (504, True)
    await controlled.hanging.until(begun=1, cancelled=1)


async def test_the_handler_is_cancelled_with_the_asker(controlled: AskedControl) -> None:
    defects: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: defects.append(context))
    question = asyncio.create_task(controlled.control.ask(HANG, None, deadline_ms=LONG))
    await controlled.hanging.until(begun=1)
    question.cancel()
    with pytest.raises(asyncio.CancelledError):
        await question
    await controlled.hanging.until(cancelled=1)
    assert await controlled.control.ask(DOUBLE, 1, deadline_ms=LONG) == 2
    assert defects == []


async def test_the_asker_gets_the_status_and_code_of_a_handlers_error(controlled: AskedControl) -> None:
    with pytest.raises(ControlRefused, match="Somebody else was quicker") as raised:
        await controlled.control.ask(CONFLICT, None, deadline_ms=LONG)
    assert (raised.value.status, raised.value.code, raised.value.maybe_done) == (409, "conflict", False)


async def test_a_subject_without_a_handler_is_refused(controlled: AskedControl) -> None:
    with pytest.raises(ControlRefused, match="nothing about 'nobody's'") as raised:
        await controlled.control.ask(WITHOUT_HANDLER, None, deadline_ms=LONG)
    assert raised.value.code == "not_found"


async def test_a_thousand_questions_at_once_are_answered(controlled: AskedControl) -> None:
    answers = await asyncio.gather(*(controlled.control.ask(DOUBLE, n, deadline_ms=LONG) for n in range(1000)))
    assert answers == [2 * n for n in range(1000)]


def test_a_subject_has_one_handler() -> None:
    control = LocalControl()
    add_handlers(control)
    with pytest.raises(ValueError, match="two handlers for the subject 'double'"):
        control.handlers.add(DOUBLE, double)


async def test_a_timeout_of_the_handler_itself_is_not_the_deadline() -> None:
    control = LocalControl()

    async def time_out(question: int) -> int:
        raise TimeoutError("of its own")

    control.handlers.add(DOUBLE, time_out)
    with pytest.raises(TimeoutError, match="of its own"):
        await control.ask(DOUBLE, 1, deadline_ms=LONG)
