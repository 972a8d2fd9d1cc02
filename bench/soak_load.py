"""The requests of the soak: in every dialect, to every wire, each with faults of its own; some clients leave early."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from typing import Any

import msgspec

from tests.faults.received import DIALECTS, LEFT_OUT, Received, received, request
from tests.faults.table import WIRES
from tests.simulator.raw import ask, send
from tests.support.simulator import Simulator

PATHS = {
    "openai": "/v1",
    "azure": "",
    "anthropic": "",
    "gemini": "/v1beta",
    "ollama": "",
    "llamacpp": "/llamacpp/v1",
    "vllm": "/vllm/v1",
    "compatible": "/compatible/v1",
}
LAST = "llamacpp"
"""The wire of each model's last deployment, which is well and can go on with an answer."""
PATIENCE = 20.0
"""Seconds after which a request counts as unanswered."""
MOST_UNDER_WAY = 400
SICK, SECOND_SICK, LEAVES, STREAMS = 0.3, 0.1, 0.03, 0.7
"""Shares of requests: the first or the second deployment has a fault, the client leaves early, or asks for a stream."""
BEFORE = (
    "reset",
    "no-reply",
    "error-body",
    "html",
    "slow-headers-400",
    *(f"status-{status}" for status in (401, 404, 429, 500, 502, 503, 529)),
    "status-429-retry-ms-50",
)
DURING = ("cut-stream", "cut-event", "reset", "end", "bad-chunk", "error", "html", "malformed", "stall")
SILENCE = {"first_token": 0.5, "first_byte": 0.5, "stall": 0.5}


def environment(simulator: Simulator) -> dict[str, str]:
    """Where Turnout looks for local servers."""
    local = {"OLLAMA_URL": "ollama", "LLAMA_CPP_URL": "llamacpp", "VLLM_URL": "vllm"}
    return {variable: simulator.root + PATHS[wire] for variable, wire in local.items()}


def config(simulator: Simulator) -> dict[str, Any]:
    """A model for each wire, with two deployments that may be sick, and one that is well."""
    providers = {wire: {"base_url": simulator.root + path, "api_key": "sk-simulated"} for wire, path in PATHS.items()}
    providers["azure"]["api_version"] = "2024-10-21"
    models = {
        wire: {
            "deployments": [
                {"provider": wire, "model": "first", "timeouts": SILENCE},
                {"provider": WIRES[at - 1], "model": "second", "timeouts": SILENCE},
                {"provider": LAST, "model": "last", "traits": {"prefill": True}},
            ]
        }
        for at, wire in enumerate(WIRES)
    }
    retries = {"attempts": 2, "backoff": 0.01, "backoff_max": 0.1}
    return {"discovery": False, "retries": retries, "providers": providers, "models": models}


class Counts(msgspec.Struct):
    """What has become of the requests. ``lies`` are replies that no caller may ever get, with what is wrong.

    ``slowest`` is in seconds, with the request.
    """

    asked: int = 0
    whole: int = 0
    errors: Counter[str] = msgspec.field(default_factory=Counter)
    left: int = 0
    unanswered: int = 0
    lies: list[str] = []
    slowest: tuple[float, str] = (0, "")


class Load:
    """Sends ``rate`` requests a second to Turnout at ``url``, whatever becomes of them."""

    def __init__(self, url: str, rate: float, seed: int = 1) -> None:
        self.counts = Counts()
        self._url = url
        self._rate = rate
        self._choose = random.Random(seed)  # noqa: S311  # the same requests each time
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self, seconds: float) -> None:
        """Returns when every request of that time is answered."""
        began, sent = time.monotonic(), 0
        while (now := time.monotonic() - began) < seconds:
            while sent < now * self._rate and len(self._under_way) < MOST_UNDER_WAY:
                task = asyncio.create_task(self._one())
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
                sent += 1
            await asyncio.sleep(1 / self._rate)
        await asyncio.gather(*self._under_way)

    async def _one(self) -> None:
        choose, counts = self._choose, self.counts
        counts.asked += 1
        dialect, words, stream = choose.choice(DIALECTS), choose.randint(1, 40), choose.random() < STREAMS
        prompt = self._prompt(words)
        path, body = request(dialect, choose.choice(WIRES), prompt, stream=stream)
        if choose.random() < LEAVES:
            counts.left += 1
            return await self._leave(path, body, choose.randrange(2000))
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                reply = await ask(self._url + path, body, patience=PATIENCE)
        except OSError as error:  # also TimeoutError
            counts.unanswered += 1
            counts.lies.append(f"{path}: {prompt} in {dialect}: {error!r}")
            return None
        counts.slowest = max(counts.slowest, (time.monotonic() - began, f"{path}: {prompt}"))
        if reply.end != "complete" or not reply.reads:
            counts.unanswered += 1
            counts.lies.append(f"{prompt} in {dialect}: the reply is {reply.end}")
            return None
        return self._judge(received(dialect, reply, stream=stream), words, f"{prompt} in {dialect}, stream: {stream}")

    def _prompt(self, words: int) -> str:
        marks = [f"[[sim words-{words}]]"]
        for name, share in (("first", SICK), ("second", SECOND_SICK)):
            if self._choose.random() < share:
                marks.append(f"[[sim@{name} {self._fault(words)}]]")
        return " ".join(marks)

    def _fault(self, words: int) -> str:
        if self._choose.random() < 0.4:
            return self._choose.choice(BEFORE)
        return f"{self._choose.choice(DURING)}-after-{self._choose.randint(0, words)}"

    def _judge(self, got: Received, words: int, told: str) -> None:
        """An answer is whole or ends with an error, and nothing in it is anything but the next word."""
        whole = [f"word{n}" for n in range(1, words + 1)]
        said = got.text.split()
        is_whole = got.finished and not got.error
        # A single malformed event costs its word.
        most_missing = 1 if "malformed" in told else 0
        in_order = said == whole[: len(said)] or (most_missing and _lacks_one(said, whole))
        misformed = set(got.misformed) - (LEFT_OUT if most_missing else set())
        if misformed or got.finished == bool(got.error) or not in_order:
            self.counts.lies.append(f"{told}: {got}")
        elif is_whole and len(said) < len(whole) - most_missing:
            self.counts.lies.append(f"{told}: looks complete: {got}")
        elif is_whole:
            self.counts.whole += 1
        else:
            self.counts.errors[got.error[:60]] += 1

    async def _leave(self, path: str, body: dict[str, Any], after: int) -> None:
        """Closes the connection when so many bytes have come, or soon."""
        reader, writer = await send(self._url + path, body)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            async with asyncio.timeout(0.5):
                await reader.readexactly(after)
        writer.close()


def _lacks_one(said: list[str], whole: list[str]) -> bool:
    return any(said == (whole[:at] + whole[at + 1 :])[: len(said)] for at in range(len(whole)))
