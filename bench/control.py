"""Measures a question to the control process, over its socket and in the same process."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import statistics
import time
from collections.abc import Callable, Coroutine
from typing import Final

import uvloop

from turnout.host import (
    Control,
    LocalControl,
    RemoteControl,
    ServedControl,
    Subject,
    control_listener,
    control_state,
    new_host_folder,
)

ECHO: Final = Subject("echo", bytes, bytes)
QUESTION: Final = bytes(100)
IN_TURN: Final = 20_000
AT_ONCE: Final = 1_000
DEADLINE_MS: Final = 60_000.0


async def echo(question: bytes) -> bytes:
    return question


async def ask(control: Control) -> None:
    await control.ask(ECHO, QUESTION, deadline_ms=DEADLINE_MS)


async def in_turn(control: Control) -> list[float]:
    """The seconds of each question."""
    seconds: list[float] = []
    for _ in range(IN_TURN):
        began = time.perf_counter()
        await ask(control)
        seconds.append(time.perf_counter() - began)
    return seconds


async def at_once(control: Control) -> float:
    """The seconds of all questions together."""
    began = time.perf_counter()
    await asyncio.gather(*(ask(control) for _ in range(AT_ONCE)))
    return time.perf_counter() - began


async def until_up(control: Control) -> None:
    for _ in range(1_000):
        if (await control_state(control)).ok:
            return
        await asyncio.sleep(0.01)
    raise TimeoutError("the control process did not come up")


async def measure(control: Control, name: str) -> None:
    async with control.opened():
        await until_up(control)
        await in_turn(control)
        cpu, seconds = time.process_time(), await in_turn(control)
        cpu = time.process_time() - cpu
        together = min([await at_once(control) for _ in range(20)])
    figures = [f"{1e6 * figure:.0f}" for figure in (min(seconds), statistics.median(seconds), cpu / IN_TURN)]
    print(f"{name}: µs a question: best {figures[0]}, median {figures[1]}, CPU of the asker {figures[2]}")
    print(f"{name}: {AT_ONCE} at once: {1e3 * together:.1f} ms")


def serve(listener: socket.socket) -> None:
    async def until_killed() -> None:
        control = ServedControl(listener)
        control.handlers.add(ECHO, echo)
        async with control.opened():
            await asyncio.Event().wait()

    run(until_killed)


def run(main: Callable[[], Coroutine[object, object, None]]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def main() -> None:
    folder = new_host_folder()
    with control_listener(folder.control) as listener:
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(listener,))
        server.start()
        run(lambda: measure(RemoteControl(folder.control), "over the socket"))
        server.kill()
        server.join()
    folder.remove()
    local = LocalControl()
    local.handlers.add(ECHO, echo)
    run(lambda: measure(local, "in one process"))
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
