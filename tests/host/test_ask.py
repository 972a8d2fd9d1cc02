"""Asking the control process: in this one, and over the socket."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from tests.host.stage import stage
from tests.host.subjects import CONFLICT, DOUBLE, ECHO, HANG, LONG, NOBODYS, Hanging, add_handlers, double
from turnout.errors import ControlRefused, ControlTimeout
from turnout.host import Control, HostFolder, LocalControl, control_state


class Asked(NamedTuple):
    control: Control
    hanging: Hanging


@pytest.fixture(params=["local", "remote"])
async def asked(request: pytest.FixtureRequest, folder: HostFolder) -> AsyncIterator[Asked]:
    """Both ways of asking behave alike."""
    if request.param == "local":
        control = LocalControl()
        yield Asked(control, add_handlers(control))
    else:
        async with stage(folder) as at:
            yield Asked(at.remote, at.hanging)


async def test_the_handler_of_the_subject_answers(asked: Asked) -> None:
    assert await asked.control.ask(DOUBLE, 21, deadline_ms=LONG) == 42
    assert await asked.control.ask(ECHO, b"\x00\xff", deadline_ms=LONG) == b"\x00\xff"


async def test_the_state_tells_the_process(asked: Asked) -> None:
    state = await control_state(asked.control)
    assert (state.ok, state.pid, state.error) == (True, os.getpid(), None)
    assert state.started is not None


async def test_a_slow_answer_holds_up_no_other(asked: Asked) -> None:
    slow = asyncio.create_task(asked.control.ask(HANG, None, deadline_ms=LONG))
    await asked.hanging.until(begun=1)
    assert await asked.control.ask(DOUBLE, 1, deadline_ms=LONG) == 2
    assert not slow.done()
    slow.cancel()
    await asyncio.wait([slow])


async def test_a_handler_that_is_late_is_cancelled(asked: Asked) -> None:
    with pytest.raises(ControlTimeout, match=r"about 'hang' within 20 ms") as raised:
        await asked.control.ask(HANG, None, deadline_ms=20)
    assert (raised.value.status, raised.value.maybe_done) == (504, True)
    await asked.hanging.until(begun=1, cancelled=1)


async def test_the_handler_is_cancelled_with_who_asks(asked: Asked) -> None:
    asking = asyncio.create_task(asked.control.ask(HANG, None, deadline_ms=LONG))
    await asked.hanging.until(begun=1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asked.hanging.until(cancelled=1)


async def test_what_a_handler_raises_is_told_with_its_status_and_code(asked: Asked) -> None:
    with pytest.raises(ControlRefused, match="Somebody else was quicker") as raised:
        await asked.control.ask(CONFLICT, None, deadline_ms=LONG)
    assert (raised.value.status, raised.value.code, raised.value.maybe_done) == (409, "conflict", False)


async def test_a_subject_that_nobody_answers_is_refused(asked: Asked) -> None:
    with pytest.raises(ControlRefused, match="nothing about 'nobody's'") as raised:
        await asked.control.ask(NOBODYS, None, deadline_ms=LONG)
    assert raised.value.code == "not_found"


async def test_a_thousand_ask_at_once(asked: Asked) -> None:
    answers = await asyncio.gather(*(asked.control.ask(DOUBLE, n, deadline_ms=LONG) for n in range(1000)))
    assert answers == [2 * n for n in range(1000)]


def test_a_subject_has_one_handler() -> None:
    control = LocalControl()
    add_handlers(control)
    with pytest.raises(ValueError, match="two handlers for the subject 'double'"):
        control.handlers.add(DOUBLE, double)
