"""A control process and one that asks it, in one event loop and over a real socket."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from tests.host.subjects import Hanging, add_handlers
from turnout.host import HostFolder, RemoteControl, ServedControl, control_listener, control_state


class Stage(NamedTuple):
    listener: socket.socket
    served: ServedControl
    remote: RemoteControl
    hanging: Hanging


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    """Waits for a change in the same event loop."""
    deadline = time.monotonic() + 10
    while not await condition():
        assert time.monotonic() < deadline, "the condition never became true"
        await asyncio.sleep(0.001)


async def wait_until_up(remote: RemoteControl) -> None:
    async def is_up() -> bool:
        return (await control_state(remote)).ok

    await until(is_up)


@asynccontextmanager
async def stage(folder: HostFolder) -> AsyncIterator[Stage]:
    with control_listener(folder.control) as listener:
        served, remote = ServedControl(listener), RemoteControl(folder.control)
        hanging = add_handlers(served)
        async with served.opened(), remote.opened():
            await wait_until_up(remote)
            yield Stage(listener, served, remote, hanging)
