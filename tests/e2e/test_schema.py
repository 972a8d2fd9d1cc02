"""Whatever is sent to any route that ``/openapi.json`` lists, the server never stumbles: no 5xx of its own making."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.e2e.backends import WIRES
from tests.e2e.stage import TEAM_KEY, Stage
from tests.fuzz.mutate import json_mutated, mutated
from tests.fuzz.seeds import Asked, endpoints, requests
from tests.simulator.raw import ask as ask_raw
from tests.support.process import PASSED_VARIABLES
from tests.support.turnout_server import StartTurnout
from turnout.dialects import Endpoint

ADMIN_KEY = "tk-admin-SECRET-5b1e77d0a4"
MUTATIONS = 60  # of the requests to each endpoint, for each wire behind it
COMMAND = Path(sys.executable).with_name("schemathesis")


async def test_schemathesis_finds_no_server_error(start_turnout: StartTurnout, tmp_path: Path) -> None:
    """With every right that a key can have."""
    keys = [{"key": ADMIN_KEY, "name": "admin", "admin": True}]
    turnout = start_turnout({"auth": {"required": True}, "keys": keys, "models": {"fast": "echo/echo"}})
    schemathesis = await asyncio.create_subprocess_exec(
        COMMAND,
        *("run", f"{turnout.url}/openapi.json", "--header", f"Authorization: Bearer {ADMIN_KEY}"),
        *("--checks", "not_a_server_error", "--continue-on-failure"),
        *("--max-examples", "4", "--seed", "1", "--no-color", "--generation-database", "none"),
        cwd=tmp_path,
        env={name: os.environ[name] for name in PASSED_VARIABLES if name in os.environ} | {"HOME": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await schemathesis.communicate())[0].decode()
    assert schemathesis.returncode == 0, output
    tested = re.search(r"Selected: (\d+)/(\d+)\s+Tested: (\d+)", output)
    assert tested, output
    assert tested[1] == tested[2] == tested[3]
    assert "Traceback" not in turnout.log()
    assert "a defect in Turnout" not in turnout.log()


@pytest.mark.parametrize("wire", WIRES)
async def test_mutated_requests_are_answered_or_refused(stage: Stage, wire: str) -> None:
    """Requests that are nearly right get further in than made-up ones. ``stage`` looks for stumbles in its log."""
    random = Random(wire)  # noqa: S311 - chance, not secrecy
    asked = [
        (endpoint, seed, one_of(seed, random))
        for endpoint in endpoints()
        for seed in (random.choice(requests(endpoint)) for _ in range(MUTATIONS))
    ]
    seen: set[int] = set()
    for at in range(0, len(asked), 20):
        some = asked[at : at + 20]
        statuses = await asyncio.gather(*(status(stage, wire, *one) for one in some))
        seen |= {*statuses}
        assert [one for one, code in zip(some, statuses, strict=True) if code >= 500] == []
    assert {200, 400} <= seen


def one_of(seed: Asked, random: Random) -> bytes:
    return json_mutated(seed.body, random) if random.random() < 0.8 else mutated(seed.body, [seed.body], random)


async def status(stage: Stage, wire: str, endpoint: Endpoint[Any, Any], seed: Asked, body: bytes) -> int:
    model = f"simulator-{wire}"
    path = endpoint.paths[0].replace("{model}", model)
    url = f"{stage.turnout.url}{path}{f'?{seed.target.query}' if seed.target.query else ''}"
    media_type = seed.target.content_type or "application/json"
    headers = {"authorization": f"Bearer {TEAM_KEY}", "x-goog-api-key": TEAM_KEY, "content-type": media_type}
    return (await ask_raw(url, body.replace(b'"fast"', f'"{model}"'.encode()), headers)).status
