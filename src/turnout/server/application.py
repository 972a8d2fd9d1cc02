"""Builds the app with both planes and the metrics."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from turnout.gateway import Gateway
from turnout.host import LocalControl
from turnout.marks import MarkFollower, MarkKeeper
from turnout.telemetry import SHARED_FOLDER_VARIABLE, MarkTally, SharedMetrics

from .app import App
from .bearer_tokens import BearerTokens
from .control import control_app
from .memory import Memory


@asynccontextmanager
async def opened_application(gateway: Gateway) -> AsyncIterator[App]:
    """The app, in a process that is set up to serve it. It shares its metrics with other workers until the end."""
    folder = os.environ.get(SHARED_FOLDER_VARIABLE)
    metrics = SharedMetrics(gateway.metrics, Path(folder) if folder else None)
    async with followed_marks(gateway) as marks:
        tokens = BearerTokens(gateway)
        app = App(gateway, control_app(gateway, metrics, marks, tokens), tokens)
        memory = Memory()
        loop = asyncio.get_running_loop()
        beside = [loop.create_task(metrics.run()), loop.create_task(tokens.run())]
        try:
            _collect_garbage_less_often()
            _switch_threads_often()
            memory.keep_returning()
            yield app
        finally:
            memory.stop()
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)


@asynccontextmanager
async def followed_marks(gateway: Gateway) -> AsyncIterator[MarkFollower]:
    """The marks that admins set by hand, which the metrics tell. The control process also keeps them."""
    data_dir = Path(gateway.settings.data_dir)
    if isinstance(gateway.control, LocalControl):
        MarkKeeper(data_dir).answer_with(gateway.control.handlers)
    marks = MarkFollower(gateway.control, gateway.board, data_dir)
    gateway.metrics.marks = lambda: {
        load.deployment: MarkTally(load.mark.state, load.mark.since, load.under_way) for load in marks.loads()
    }
    following = asyncio.get_running_loop().create_task(marks.run())
    try:
        yield marks
    finally:
        following.cancel()
        await asyncio.wait([following])


def _collect_garbage_less_often() -> None:
    """Objects from the start stay, and a request leaves few reference cycles: so the collector can run less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _switch_threads_often() -> None:
    """A thread that works on a large request lets the event loop run after a millisecond, not after five."""
    sys.setswitchinterval(0.001)
