"""Puts load from wrk on one system, and reads wrk's report."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of wrk. Latencies are in seconds; ``bad`` counts failed requests of every kind."""

    requests: int
    per_second: float
    p50: float
    p99: float
    bad: int


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The address of the requests, and what they send."""

    url: str
    headers: Mapping[str, str]
    body: str


def put_load(target: Target, folder: Path, *, clients: int, seconds: int) -> Load:
    """Keeps ``clients`` connections busy with the same request."""
    return run_wrk(lua(target), target.url, folder, clients=clients, seconds=seconds)


def run_wrk(source: str, url: str, folder: Path, *, clients: int, seconds: int) -> Load:
    """``source`` is wrk's script. The load generator has one thread, to leave the rest to the system."""
    script = folder / "load.lua"
    script.write_text(source)
    command: list[str | Path] = [
        "wrk",
        "-t1",
        f"-c{clients}",
        f"-d{seconds}",
        "--timeout",
        "60",
        "--latency",
        "-s",
        script,
        url,
    ]
    return read(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def lua(target: Target) -> str:
    headers = {"Content-Type": "application/json", **target.headers}
    lines = ['wrk.method = "POST"', f"wrk.body = {_quoted(target.body)}"]
    return "\n".join([*lines, *(f"wrk.headers[{_quoted(k)}] = {_quoted(v)}" for k, v in headers.items())])


def _quoted(text: str) -> str:
    """``text`` as a string of Lua. JSON's form is the same, as long as no character needs ``\\u``."""
    return json.dumps(text)


def read(report: str) -> Load:
    """Reads wrk's report."""
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", report)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", report)
    return Load(
        requests=int(_search(r"(\d+) requests in", report)),
        per_second=float(_search(r"Requests/sec:\s+([\d.]+)", report)),
        p50=_seconds(_search(r"\n\s+50%\s+(\S+)", report)),
        p99=_seconds(_search(r"\n\s+99%\s+(\S+)", report)),
        bad=sum(map(int, errors.groups() if errors else ())) + (int(refused[1]) if refused else 0),
    )


def _search(pattern: str, report: str) -> str:
    match = re.search(pattern, report)
    if not match:
        raise ValueError(f"not wrk's report: {report!r}")
    return match[1]


def _seconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]  # wrk's own form
    return float(number) * UNITS[unit]
