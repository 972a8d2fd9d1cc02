"""A control process that is killed, while another process asks it."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.host.stage import wait_until_up
from tests.host.subjects import DOUBLE, HANG, LONG
from turnout.errors import ControlUnavailable
from turnout.host import HostFolder, RemoteControl, control_listener, control_state

ROOT = Path(__file__).parents[2]
CONTROL = """
import asyncio, socket, sys
from tests.host.subjects import add_handlers
from turnout.host import ServedControl

async def serve(listener):
    served = ServedControl(listener)
    hanging = add_handlers(served)
    async with served.opened():
        await hanging.until(begun=100)
        print("all have begun", flush=True)
        await asyncio.Event().wait()

asyncio.run(serve(socket.socket(fileno=int(sys.argv[1]))))
"""


class ControlProcess:
    def __init__(self, listener: socket.socket) -> None:
        descriptor = listener.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-c", CONTROL, str(descriptor)],
            stdout=subprocess.PIPE,
            pass_fds=[descriptor],
            cwd=ROOT,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_all_have_begun(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"all have begun\n"

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


async def test_a_killed_control_process_fails_its_questions_and_the_next_one_answers(folder: HostFolder) -> None:
    with control_listener(folder.control) as listener:
        first, remote = ControlProcess(listener), RemoteControl(folder.control)
        async with remote.opened():
            await wait_until_up(remote)
            questions = [asyncio.create_task(remote.ask(HANG, None, deadline_ms=LONG)) for _ in range(100)]
            await asyncio.to_thread(first.wait_until_all_have_begun)
            first.kill()
            outcomes = await asyncio.gather(*questions, return_exceptions=True)
            assert [isinstance(outcome, ControlUnavailable) and outcome.maybe_done for outcome in outcomes] == (
                [True] * 100
            )
            with pytest.raises(ControlUnavailable, match="isn't there"):
                await remote.ask(DOUBLE, 1, deadline_ms=LONG)
            second = ControlProcess(listener)
            await wait_until_up(remote)
            assert (await control_state(remote)).pid == second.pid != first.pid
            assert await remote.ask(DOUBLE, 1, deadline_ms=LONG) == 2
        second.kill()
