"""A first deployment that is down for a while: everybody is served, few ask it meanwhile, and it is asked again after.

The simulator's clock begins with the first attempt, so all times here are seconds since then.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.faults.check import assert_none
from tests.faults.received import Received, received, request
from tests.faults.stage import PROMPT, address, environment
from tests.faults.table import GOES_ON, named
from tests.simulator.raw import ask
from tests.support.simulator import Simulator
from tests.support.turnout_server import StartTurnout, TurnoutServer

DOWN, UP, END = 0.6, 2.0, 4.5
EVERY = 0.0125
"""Seconds from one request to the next: a hundred come during the outage."""
FAILURES = 3
PAUSE, LONGEST_PAUSE = 0.3, 0.6
PROBES = 6
"""The most that one process makes in an outage, with the pauses as short as chance makes them."""
BEFORE_OPENING = 6
"""Requests that one process may have under way until it knows that the deployment is down."""
FIRST = f"sim-words-3-status-503-down-{round(DOWN * 1000)}-{round(UP * 1000)}-id-flapping"
WHOLE = "word1 word2 word3"


def _config(simulator: Simulator, workers: int) -> dict[str, Any]:
    first = {"provider": "openai", "model": f"{FIRST}{workers}", "base_url": address(simulator, "openai")}
    second = {"provider": GOES_ON, "model": "sim-words-3", "base_url": address(simulator, GOES_ON)}
    return {
        "discovery": False,
        "retries": {"attempts": 1},
        "health": {"failures": FAILURES, "pause": PAUSE, "longest_pause": LONGEST_PAUSE},
        "models": {"flapping": {"deployments": [first | {"api_key": "sk-simulated"}, second]}},
    }


@pytest.mark.parametrize("workers", named([("flapping-1", 1), ("flapping-4", 4)]))
async def test_an_outage_is_bridged(start_turnout: StartTurnout, simulator: Simulator, workers: int) -> None:
    turnout = start_turnout(_config(simulator, workers), env=environment(simulator), args=["--workers", str(workers)])
    replies = await _load(turnout)
    assert_none({str(at): got for at, got in enumerate(replies) if (got.text, got.finished) != (WHOLE, True)})

    attempts = (await ask(f"{simulator.root}/__simulator/attempts?model={FIRST}{workers}")).json
    times = [(attempt["started"] - attempts[0]["started"], attempt["status"]) for attempt in attempts]
    failed = [at for at, status in times if status == 503]
    assert failed, "there was no outage"
    assert len(failed) <= workers * (BEFORE_OPENING + PROBES), failed
    probes = [at for at in failed if at > DOWN + 2 * PAUSE]
    assert all(sum(at <= other < at + PAUSE / 4 for other in probes) <= workers for at in probes), probes
    back = [at for at, status in times if status == 200 and at >= UP]
    assert back, "it is never asked again"
    assert back[0] < UP + LONGEST_PAUSE * 1.5 + 0.5
    assert len(back) > 5, "its share doesn't rise"


async def _load(turnout: TurnoutServer) -> list[Received]:
    """A request each ``EVERY`` seconds, in turn streamed and not."""
    began = time.monotonic()
    asked: list[asyncio.Task[Received]] = []
    while (now := time.monotonic() - began) < END:
        asked.append(asyncio.create_task(_ask(turnout, stream=len(asked) % 2 == 0)))
        await asyncio.sleep(max(0, len(asked) * EVERY - now))
    return await asyncio.gather(*asked)


async def _ask(turnout: TurnoutServer, *, stream: bool) -> Received:
    path, body = request("chat", "flapping", PROMPT, stream=stream)
    return received("chat", await ask(turnout.url + path, body), stream=stream)
