"""The event loop in a thread of its own: how work is interrupted there, and what is left of it."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

from tests.library.test_completion import printed_by
from turnout.library.background import Background

INTERRUPTED = """
import asyncio, signal, sys, threading, time
from turnout.library import background

async def work():
    main = threading.main_thread().ident
    while sys._current_frames()[main].f_code.co_name != "wait":
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)  # from there it is a step to the lock
    signal.pthread_kill(main, signal.SIGINT)
    try:
        await asyncio.Event().wait()
    finally:
        await CLEAN_UP
        print("cleaned up", flush=True)

began = time.monotonic()
try:
    background.Background().run(work())
except KeyboardInterrupt:
    print("interrupted", flush=True)
print("at once" if time.monotonic() - began < background.CLEAN_UP_SECONDS else "late")
"""
"""Ctrl-C comes as soon as the main thread waits for the work."""


def test_ctrl_c_cancels_the_work_and_waits_until_it_has_cleaned_up() -> None:
    printed = printed_by(INTERRUPTED.replace("CLEAN_UP\n", "asyncio.sleep(0.05)\n"))
    assert printed == ["cleaned up", "interrupted", "at once"]


def test_ctrl_c_does_not_wait_for_ever() -> None:
    source = INTERRUPTED.replace("CLEAN_UP\n", "asyncio.Event().wait()\n")
    assert printed_by(source.replace("began =", "background.CLEAN_UP_SECONDS = 0.1\nbegan =")) == [
        "interrupted",
        "late",
    ]


def test_closing_leaves_no_thread_and_no_open_file() -> None:
    threads, files = set(threading.enumerate()), len(os.listdir("/dev/fd"))
    background = Background()
    assert background.run(asyncio.to_thread(threading.get_ident)) != threading.get_ident()
    assert len(set(threading.enumerate()) - threads) == 2
    background.close()
    assert set(threading.enumerate()) <= threads
    assert len(os.listdir("/dev/fd")) == files


def test_an_error_that_nobody_waits_for_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: 1 // 0)
        await asyncio.sleep(0)

    background = Background()
    background.run(work())
    background.close()
    assert "ZeroDivisionError" in caplog.text
