"""A gateway under test: it is started in front of an upstream, measured, and ended."""

from __future__ import annotations

import http.client
import os
import shlex
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import msgspec
import yaml

from bench.exchange import ANSWER, LAST_WORD, MODEL, request_body
from bench.load import Target, put_load
from bench.upstream import Upstream
from bench.usage import CpuClock, memory_mb, tree
from tests.support.process import Program, free_port

START_SECONDS = 90.0  # LiteLLM takes its time
WARM_UP_SECONDS = 1


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured. ``cpu_us`` is for one request, or for one event of a stream; latencies are in seconds."""

    per_second: float
    p50: float
    p99: float
    cpu_us: float
    memory_mb: float
    ready: float
    bad: int


class System:
    """One way to put a gateway between the load and an upstream; subclasses say how it is started."""

    name: ClassVar[str]
    streams: ClassVar[bool] = True
    model = MODEL

    def __init__(self, folder: Path, behind: Upstream) -> None:
        self.folder = folder
        self.behind = behind
        self.upstream = behind.url
        self.stream = behind.stream
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/v1/chat/completions"
        self.headers: Mapping[str, str] = {}

    def install(self) -> None:
        """Makes sure that it is on this machine; not part of how long it takes to start."""

    def start(self) -> Program:
        """Starts it; ``url``, ``headers`` and ``model`` are right afterwards."""
        raise NotImplementedError

    def spawn(self, *command: str | Path, **env: str) -> Program:
        log = self.folder / f"{self.name}.log"
        return Program(self.name, command, log, {"HOME": str(self.folder), **env})

    @property
    def target(self) -> Target:
        return Target(url=self.url, headers=self.headers, body=request_body(self.model, stream=self.stream))

    def answers(self) -> bool:
        """Whether a request is carried to the upstream and its reply back."""
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.netloc, timeout=10)
        headers = {"content-type": "application/json", **self.headers}
        try:
            connection.request("POST", address.path, self.target.body, headers)
            reply = connection.getresponse()
            text = reply.read().decode()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return reply.status == 200 and (LAST_WORD if self.stream else ANSWER) in text


class Turnout(System):
    """Turnout as in production: it checks a key, and the ledger and the metrics are on."""

    name = "turnout"
    command = f"{Path(sys.executable).with_name('turnout')} serve --config {{config}} --port {{port}}"
    key = "bench-key-1"

    def start(self) -> Program:
        config = self.folder / "turnout.yaml"
        config.write_text(yaml.safe_dump(self.config()))
        self.headers = {"Authorization": f"Bearer {self.key}"}
        words = self.command.format(config=config, port=self.port, upstream=self.upstream)
        return self.spawn(*shlex.split(words), TURNOUT_DATA_DIR=str(self.folder / "data"))

    def config(self) -> dict[str, object]:
        deployment = {"provider": "openai", "model": MODEL, "base_url": self.upstream, "api_key": "sk-upstream"}
        return {
            "auth": {"required": True},
            "models": {MODEL: {"deployments": [deployment]}},
            "keys": [{"key": self.key, "user": "bench"}],
        }


def measure(system: System, *, clients: int, seconds: int) -> Figures:
    """Starts the system, warms it up, measures it under load, checks that it still answers, ends it."""
    system.install()
    began = time.monotonic()
    program = system.start()
    try:
        program.wait_for(system.answers, "answer", START_SECONDS)
        ready = time.monotonic() - began
        put_load(system.target, system.folder, clients=clients, seconds=WARM_UP_SECONDS)
        return measure_running(system, program, ready, clients=clients, seconds=seconds)
    finally:
        program.kill()


def measure_running(system: System, program: Program, ready: float, *, clients: int, seconds: int) -> Figures:
    """Measures a system that is up and warm."""
    events = system.behind.events_sent() if system.stream else 0
    clock = CpuClock(program.pid)
    load = put_load(system.target, system.folder, clients=clients, seconds=seconds)
    used = clock.seconds()
    carried = system.behind.events_sent() - events if system.stream else load.requests
    if not system.answers():
        raise RuntimeError(f"{system.name} answers no more after the load:\n{program.log_tail()}")
    return Figures(
        per_second=load.per_second,
        p50=load.p50,
        p99=load.p99,
        cpu_us=used / max(carried, 1) * 1e6,
        memory_mb=memory_mb(tree(program.pid)),
        ready=ready,
        bad=load.bad,
    )


def cache() -> Path:
    """Where peers are installed; kept between runs and checkouts."""
    folder = Path(os.environ.get("GATEWAY_BENCH_CACHE", "~/.cache/gateway-bench")).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
