"""``python -m scripts.clients [CLIENT …] [--provider NAME …] [--task NAME …] [--record]``: runs clients.

Without a client it runs all of them. Each task's log is in ``.cache/clients/logs/CLIENT/PROVIDER/TASK.log``.
``--record`` writes what the clients sent into tests/clients/requests, where tests replay it.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support.sdks import PNG

from .cell import OK, run_task
from .client import Client, Place
from .clients import CLIENTS
from .install import FOLDER, ROOT, install
from .providers import PROVIDERS, Provider
from .recorded import RECORDED, keep
from .results import put
from .stage import staged
from .tasks import BLUE, GREEN, TASKS, Task


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make test-clients", description=__doc__)
    packages = sorted({client.package for client in CLIENTS})
    parser.add_argument("client", nargs="*", choices=[*packages, []], help="one of: " + ", ".join(packages))
    parser.add_argument("--provider", action="append", choices=[provider.name for provider in PROVIDERS])
    parser.add_argument("--task", action="append", choices=[task.name for task in TASKS])
    parser.add_argument("--record", action="store_true", help="write what the clients sent into tests/clients/requests")
    return parser.parse_args()


async def at_provider(
    client: Client, provider: Provider, tasks: Sequence[Task], folder: Path, *, record: bool = False
) -> dict[str, str]:
    """The verdict of each task that the client has a way for. The logs are written to ``folder``.

    The client works outside of this checkout: an agent looks for the repository that it is in.
    """
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    verdicts: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="turnout-client-", ignore_cleanup_errors=True) as outside:
        async with staged(provider, folder) as stage:
            place = _place(stage.recorder.url, Path(outside))
            for task in tasks:
                if task.name in client.lacks:
                    continue
                verdict = await run_task(client, task, stage, place, folder / f"{task.name}.log")
                verdicts[task.name] = verdict
                print(f"{client.name:24} {provider.name:11} {task.name:11} {verdict}", flush=True)
                if record and verdict == OK and task.name in RECORDED:
                    keep(client.name, task.name, stage.recorder.exchanges)
            await client.close()
    return verdicts


def _place(url: str, outside: Path) -> Place:
    """With the files that the tasks are about."""
    place = Place(url, outside / "home", outside / "work")
    for made in (place.home, place.work):
        made.mkdir()
    place.picture.write_bytes(PNG)
    for word in (BLUE, GREEN):
        (place.work / f"{word.partition('-')[0]}.txt").write_text(word)
    return place


async def _run(asked: argparse.Namespace) -> int:
    tasks = [task for task in TASKS if asked.task is None or task.name in asked.task]
    providers = [provider for provider in PROVIDERS if asked.provider is None or provider.name in asked.provider]
    failures = 0
    for client in CLIENTS:
        if asked.client and client.package not in asked.client:
            continue
        install(client.package)
        for provider in providers:
            folder = FOLDER / "logs" / client.name.replace(" ", "-") / provider.name
            verdicts = await at_provider(client, provider, tasks, folder, record=asked.record)
            failures += sum(verdict != OK and not verdict.startswith("refused: ") for verdict in verdicts.values())
            put(client, provider.name, verdicts)
    print(f"{failures} failures. The page is docs/clients.md; logs are in {(FOLDER / 'logs').relative_to(ROOT)}.")
    return 1 if failures else 0


if __name__ == "__main__":
    # A shell has what it starts in the background ignore Ctrl-C, and the clients would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(asyncio.run(_run(_asked())))
