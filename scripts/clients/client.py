"""What a client is to the runner, and the two kinds of them: a command for each prompt, and a program for many."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from tests.support.node import node

from .install import FOLDER, ROOT
from .tasks import TOO_LONG

KEY = "tk-of-a-client-0123456789"
NOWHERE = "http://127.0.0.1:9"  # the discard port: what a client asks of the internet fails at once
PROGRAMS = Path(__file__).parent / "programs"
Words = list[str | Path]
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL")


class Place(msgspec.Struct, frozen=True):
    """Where a client works. ``url`` is Turnout's, without a path. ``home`` and ``work`` are folders of its own."""

    url: str
    home: Path
    work: Path

    @property
    def picture(self) -> Path:
        return self.work / "red.png"


class Command(msgspec.Struct, frozen=True):
    words: Sequence[str | Path]
    environ: Mapping[str, str] = {}


class Asked(Protocol):
    """A prompt that a client is answering."""

    async def output(self) -> str:
        """All that it printed. Waits for the end."""
        ...

    async def interrupt(self) -> None:
        """As Ctrl-C does. Returns when the client has left."""
        ...


class Client(Protocol):
    """``package`` is its table in packages.toml. ``lacks`` are the tasks for which it has no way, each with why.

    ``too_long`` is a pattern of what it prints when it has understood that the prompt is too long.
    """

    name: str
    package: str
    model: str
    lacks: Mapping[str, str]
    too_long: str

    async def ask(self, task: str, prompt: str, place: Place) -> Asked: ...

    def calls(self, task: str, place: Place) -> str:
        """The marks with which the model calls the client's own tools for a task of ``CALLING``."""
        ...

    async def close(self) -> None: ...


class Process:
    """A started program. Its output is read all the time, so that it never waits for a reader."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def start(cls, command: Command, place: Place, *, folder: Path | None = None, given: bool = False) -> Process:
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        alone = {"HOME": str(place.home), "TERM": "dumb", "NO_PROXY": "127.0.0.1,localhost", "HTTPS_PROXY": NOWHERE}
        process = await asyncio.create_subprocess_exec(
            *(str(word) for word in command.words),
            cwd=folder or place.work,
            env=kept | alone | dict(command.environ),
            stdin=asyncio.subprocess.PIPE if given else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            limit=16 * 1024 * 1024,
        )
        return cls(process)

    async def output(self) -> str:
        said, _ = await self.process.communicate()
        return said.decode("utf-8", "replace")

    async def interrupt(self) -> None:
        """SIGINT, and SIGKILL for its whole group if that isn't enough."""
        await self._end(signal.SIGINT, seconds=3)
        await self.kill()

    async def kill(self) -> None:
        await self._end(signal.SIGKILL, seconds=3)

    async def _end(self, number: signal.Signals, seconds: float) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.process.wait(), seconds)


class CommandClient:
    """A client that is started anew for each prompt."""

    name: str
    package: str
    model: str
    lacks: Mapping[str, str] = {}
    too_long: str = TOO_LONG

    def command(self, task: str, prompt: str, place: Place) -> Command:
        raise NotImplementedError

    def calls(self, task: str, place: Place) -> str:
        return ""

    async def ask(self, task: str, prompt: str, place: Place) -> Asked:
        return await Process.start(self.command(task, prompt, place), place)

    async def close(self) -> None:
        """Nothing of it is left running."""

    @property
    def programs(self) -> Path:
        """The folder of the commands that npm or pip has installed."""
        return bin_of(self.package)


def bin_of(package: str) -> Path:
    folder = FOLDER / package
    node = folder / "node_modules/.bin"
    return node if node.exists() else folder / "bin"


class ProgramClient:
    """A program of ``programs/`` that reads ``{"task", "prompt"}`` and prints an answer, a line for each.

    ``way`` is the one of its classes or dialects that is asked.
    """

    too_long: str = TOO_LONG

    def __init__(self, package: str, way: str, model: str, lacks: Mapping[str, str] | None = None) -> None:
        self.name = f"{package} {way}".strip()
        self.package = package
        self.way = way
        self.model = model
        self.lacks = lacks or {}
        self._running: Process | None = None
        self._place: Place | None = None

    def calls(self, task: str, place: Place) -> str:
        marks = ('[[call weather {"city": "Paris"}]]', '[[call train {"city": "Rome"}]]')
        return {"tool": marks[0], "parallel": "".join(marks)}.get(task, "")

    async def ask(self, task: str, prompt: str, place: Place) -> Asked:
        if self._running is None or self._place != place:
            await self.close()
            self._running, self._place = await self._start(place), place
        pipe = self._running.process.stdin
        assert pipe  # noqa: S101 - it is started with one
        pipe.write(json.dumps({"task": task, "prompt": prompt}).encode() + b"\n")
        return _Line(self, self._running)

    async def close(self) -> None:
        if self._running:
            await self._running.kill()
        self._running = None

    async def _start(self, place: Place) -> Process:
        arguments: Words = [self.way, place.url, KEY, self.model, place.picture]
        name = f"ask_{self.package.replace('-', '_')}"
        words: Words = [FOLDER / self.package / "bin/python", "-m", f"scripts.clients.programs.{name}"]
        script = PROGRAMS / f"{name}.mjs"
        if script.exists():  # Node finds the packages beside the program
            words = [node(), shutil.copy(script, FOLDER / self.package)]
        words += arguments
        environ = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore"}
        return await Process.start(Command(words, environ), place, folder=ROOT, given=True)


class _Line:
    """The answer that a program has yet to print. What it prints otherwise is part of it."""

    def __init__(self, client: ProgramClient, process: Process) -> None:
        self._client = client
        self._process = process

    async def output(self) -> str:
        pipe = self._process.process.stdout
        assert pipe  # noqa: S101 - it is started with one
        said = ""
        while line := (await pipe.readline()).decode("utf-8", "replace"):
            said += line
            if line.startswith("answer: "):
                return said
        await self._client.close()
        return said

    async def interrupt(self) -> None:
        await self._process.interrupt()
        await self._client.close()
