"""20,000 vectors of 1,536 numbers: load time, search time and memory, beside qdrant-client alone.

``--tenants`` measures the two ways to keep tenants apart instead: a collection each, or one with a filter by payload.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple
from uuid import NAMESPACE_OID, uuid5

import httpx
from qdrant_client import AsyncQdrantClient
from qdrant_client.models import Distance, FieldCondition, Filter, MatchValue, PointStruct, VectorParams

from bench.machine import machine
from bench.usage import cpu_seconds, memory_mb, tree
from tests.support.process import free_port

SIZE: Final = 1536
PIECE: Final = 250
SEARCHES: Final = 200
KEY: Final = "bench-key"
TENANTS: Final = 100


class Figures(NamedTuple):
    """Seconds and megabytes; ``cpu`` is user and system time of all processes for the load, which says more than its
    duration on a machine with other work. ``reopened``: until the first answer after a restart.
    """

    load: float
    cpu: float
    p50: float
    p95: float
    memory: float
    reopened: float


def vector(number: int) -> list[float]:
    """The same for the same number; 32-bit floats, as an embedding has them."""
    random = Random(number)  # noqa: S311 - chance, not secrecy
    return array("f", [random.gauss() for _ in range(SIZE)]).tolist()


def pieces(count: int) -> Iterator[range]:
    for first in range(0, count, PIECE):
        yield range(first, min(first + PIECE, count))


async def times(ask: Callable[[list[float]], Awaitable[object]], count: int) -> list[float]:
    taken = []
    for number in range(SEARCHES):
        query = vector(number * 97 % count)
        begin = time.perf_counter()
        await ask(query)
        taken.append(time.perf_counter() - begin)
    return sorted(taken)


# --- qdrant-client alone ------------------------------------------------------------------------------


async def plain(folder: Path, count: int) -> Figures:
    client = AsyncQdrantClient(path=str(folder))
    await client.create_collection("a", vectors_config=VectorParams(size=SIZE, distance=Distance.COSINE))
    seconds = cpu = 0.0
    for numbers in pieces(count):
        vectors = [vector(number) for number in numbers]
        begin, cpu_begin = time.perf_counter(), time.process_time()
        await client.upsert("a", points=[_struct(n, v) for n, v in zip(numbers, vectors, strict=True)])
        seconds, cpu = seconds + time.perf_counter() - begin, cpu + time.process_time() - cpu_begin
    taken = await times(lambda query: client.query_points("a", query=query, limit=10), count)
    used = memory_mb([os.getpid()])
    await client.close()
    begin = time.perf_counter()
    client = AsyncQdrantClient(path=str(folder))
    await client.query_points("a", query=vector(1), limit=10)
    reopened = time.perf_counter() - begin
    await client.close()
    return Figures(seconds, cpu, taken[len(taken) // 2], taken[len(taken) * 95 // 100], used, reopened)


def _struct(number: int, numbers: list[float]) -> PointStruct:
    return PointStruct(id=str(uuid5(NAMESPACE_OID, f"point_{number}")), vector=numbers, payload={"n": number})


# --- Turnout ------------------------------------------------------------------------------------------


class Server:
    def __init__(self, folder: Path, workers: int) -> None:
        config = folder / "turnout.yaml"
        keys = [{"key": KEY, "name": "bench", "admin": True}]
        config.write_text(json.dumps({"discovery": False, "keys": keys, "models": {"echo": "echo/echo"}}))
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        command = Path(sys.executable).with_name("turnout")
        options = ("--config", config, "--port", str(port), "--workers", str(workers), "--data-dir", folder / "data")
        self._log = (folder / "log").open("a")
        self._process = subprocess.Popen([command, "serve", *options], stderr=self._log)

    def pids(self) -> list[int]:
        return tree(self._process.pid)

    async def ready(self, client: httpx.AsyncClient) -> None:
        while True:
            try:
                if (await client.get("/v1/vector/collections")).status_code == 200:
                    return
            except httpx.TransportError:
                pass  # it has not begun to listen
            await asyncio.sleep(0.02)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()


async def turnout(folder: Path, count: int, workers: int) -> Figures:
    server = Server(folder, workers)
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=120) as client:

        async def post(path: str, body: Any) -> None:
            (await client.post(f"/v1/vector/{path}", content=json.dumps(body))).raise_for_status()

        async def search(query: list[float]) -> None:
            await post("search", {"collection_name": "a", "query_vector": query, "score_threshold": None})

        await server.ready(client)
        await post("collections", {"collection_name": "a"})
        seconds, cpu = 0.0, cpu_seconds(server.pids())
        for numbers in pieces(count):
            points = [{"id": f"point_{n}", "vector": vector(n), "payload": {"n": n}} for n in numbers]
            begin = time.perf_counter()
            await post("points", {"collection_name": "a", "points": points})
            seconds += time.perf_counter() - begin
        cpu = cpu_seconds(server.pids()) - cpu
        taken = await times(search, count)
        used = memory_mb(server.pids())
    server.stop()
    begin = time.perf_counter()
    server = Server(folder, workers)
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=120) as client:
        await server.ready(client)
        ready = time.perf_counter() - begin
    server.stop()
    return Figures(seconds, cpu, taken[len(taken) // 2], taken[len(taken) * 95 // 100], used, ready)


# --- tenants ------------------------------------------------------------------------------------------


async def tenants(count: int) -> None:
    each = count // TENANTS
    parameters = VectorParams(size=SIZE, distance=Distance.COSINE)
    print("| | load s | search p95 ms | collections made in s |\n|---|--:|--:|--:|")
    for name in ("a collection each", "one collection, a filter"):
        with tempfile.TemporaryDirectory(prefix="turnout-tenants-") as folder:
            client = AsyncQdrantClient(path=folder)
            alone = name.startswith("a ")
            begin = time.perf_counter()
            for tenant in range(TENANTS if alone else 1):
                await client.create_collection(f"t{tenant}", vectors_config=parameters)
            made = time.perf_counter() - begin
            load = 0.0
            for tenant in range(TENANTS):
                structs = [_struct(n, vector(n)) for n in range(tenant * each, (tenant + 1) * each)]
                for struct in structs:
                    struct.payload = {"tenant": tenant}
                begin = time.perf_counter()
                await client.upsert(f"t{tenant if alone else 0}", points=structs)
                load += time.perf_counter() - begin

            async def search(query: list[float], client: AsyncQdrantClient = client, alone: bool = alone) -> None:
                only = Filter(must=[FieldCondition(key="tenant", match=MatchValue(value=7))])
                target, filter_ = ("t7", None) if alone else ("t0", only)
                await client.query_points(target, query=query, limit=10, query_filter=filter_)

            taken = await times(search, count)
            await client.close()
        print(f"| {name} | {load:.1f} | {taken[len(taken) * 95 // 100] * 1000:.1f} | {made:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=20_000)
    parser.add_argument("--tenants", action="store_true")
    options = parser.parse_args()
    print(f"{machine()}; {options.points:,} points of {SIZE:,}\n")
    if options.tenants:
        asyncio.run(tenants(options.points))
        return
    print(
        "| | load s | its CPU s | search p50 ms | search p95 ms | memory MB | open s |\n|---|--:|--:|--:|--:|--:|--:|"
    )
    for name, measured in (
        ("qdrant-client alone", plain),
        ("Turnout, one process", lambda folder, count: turnout(folder, count, 1)),
        ("Turnout, two processes", lambda folder, count: turnout(folder, count, 2)),
    ):
        with tempfile.TemporaryDirectory(prefix="turnout-vectors-") as folder:
            f = asyncio.run(measured(Path(folder), options.points))
        row = (
            f"{f.load:.1f} | {f.cpu:.1f} | {f.p50 * 1000:.0f} | {f.p95 * 1000:.0f} | {f.memory:.0f} | {f.reopened:.1f}"
        )
        print(f"| {name} | {row} |", flush=True)


if __name__ == "__main__":
    main()
