"""Checks of the deployments that are served: who is asked, and what becomes of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.catalog.support import PROVIDERS, make_catalog
from tests.routing.support import Clock, board_of_seed, happened
from turnout.catalog.health_checks import check_deployments
from turnout.core import WireRequest
from turnout.errors import UpstreamTimeout, UpstreamUnreachable
from turnout.routing import Ending, Fault

TEXT = """
health: {failures: 2, check: 5}
models:
  fast:
    deployments:
      - {provider: openai, model: a, api_key: key-0123456789}
      - {provider: openai, model: b, api_key: key-0123456789}
      - {provider: openai, model: c, api_key: other-0123456789}
  local: ollama/l
  mine: echo/echo
"""


class Upstreams:
    """Each address answers with its status, or not at all."""

    def __init__(self, answers: Mapping[str, int | Exception]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, request: WireRequest, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
        self.asked.append((request.url, request.headers["key"]))
        answer = next((found for part, found in self.answers.items() if part in request.url), 200)
        if isinstance(answer, Exception):
            raise answer
        return answer, {}, b"[]"


async def test_each_address_and_key_is_asked_once(tmp_path: Path) -> None:
    catalog, upstreams = make_catalog(tmp_path, TEXT), Upstreams({})
    await check_deployments(catalog.snapshot, PROVIDERS, board_of_seed(1), upstreams)
    keys = sorted(key for url, key in upstreams.asked if "openai" in url)
    assert keys == ["key-0123456789", "other-0123456789"]
    assert len(upstreams.asked) == 3, "an address and two keys, and Ollama"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (UpstreamUnreachable("refused"), "open"),
        (UpstreamTimeout("silent"), "open"),
        (503, "open"),
        (200, None),
        (404, None),
        (429, None),
        (400, None),
    ],
    ids=str,
)
async def test_what_is_not_there_is_opened_before_a_client_meets_it(
    tmp_path: Path, answer: int | Exception, state: str | None
) -> None:
    catalog, board = make_catalog(tmp_path, TEXT), board_of_seed(1)
    for _ in range(5):
        await check_deployments(catalog.snapshot, PROVIDERS, board, Upstreams({"openai": answer}))
    states = board.troubled()
    assert [states.get(f"openai/{name}") for name in "abc"] == [state] * 3
    assert "ollama/l" not in states


@pytest.mark.parametrize(("fault", "tried"), [("unreachable", True), ("locked", True), ("throttled", False)])
async def test_one_that_is_back_may_be_tried_at_once_and_is_not_closed(
    tmp_path: Path, fault: Fault, tried: bool
) -> None:
    clock = Clock()
    catalog, board = make_catalog(tmp_path, TEXT), board_of_seed(1, clock)
    deployment = catalog.snapshot.find("local").deployments[0]
    happened(board, deployment, *[Ending(outcome="failed", total=0.1, fault=fault)] * 5)
    await check_deployments(catalog.snapshot, PROVIDERS, board, Upstreams({}))
    breaker = board.of(deployment).breaker
    assert breaker is not None
    assert breaker.state == "open"
    assert breaker.may_be_tried(clock()) is tried


async def test_nobody_is_asked_unless_the_configuration_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    upstreams = Upstreams({})

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) > 2:
            raise asyncio.CancelledError

    monkeypatch.setattr("turnout.catalog.catalog.asyncio.sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await make_catalog(tmp_path, TEXT).check_deployments(board_of_seed(1), upstreams)
    assert len(upstreams.asked) == 6, "two rounds"
    assert all(4.5 <= pause <= 5.5 for pause in pauses)
    await make_catalog(tmp_path, "models: {m: openai/a}").check_deployments(board_of_seed(1), upstreams)
    assert len(upstreams.asked) == 6
