"""``python -m scripts.clients [CLIENT …] [--provider NAME …] [--task NAME …] [--record]``: runs clients.

Without a client it runs all of them. Each task's log is in ``.cache/clients/logs/CLIENT/PROVIDER/TASK.log``.
``--record`` writes what the clients sent into tests/clients/requests, where tests replay it.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.sdks import PNG

from .cell import OK, run_task
from .client import Client, Place
from .clients import CLIENTS
from .install import FOLDER, install
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
    """The verdict of each task that the client has a way for. ``folder`` is made anew, and gets the logs."""
    verdicts: dict[str, str] = {}
    shutil.rmtree(folder, ignore_errors=True)
    for made in (folder / "home", folder / "work"):
        made.mkdir(parents=True)
    async with staged(provider, folder) as stage:
        place = Place(stage.recorder.url, folder / "home", folder / "work")
        place.picture.write_bytes(PNG)
        for word in (BLUE, GREEN):
            (place.work / f"{word.partition('-')[0]}.txt").write_text(word)
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
    print(f"{failures} failures. The page is docs/clients.md; logs are in {(FOLDER / 'logs').relative_to(Path.cwd())}.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_run(_asked())))
