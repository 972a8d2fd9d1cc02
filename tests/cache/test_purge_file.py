"""Processes of one host tell each other what was purged."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.cache.served import until
from turnout.cache import Purge
from turnout.cache.purges import FILE_NAME, PurgeFile


async def test_others_carry_a_purge_out_once_and_the_purger_does_not(tmp_path: Path) -> None:
    one, other = PurgeFile(tmp_path), PurgeFile(tmp_path)
    seen: dict[str, list[Purge]] = {"one": [], "other": []}

    async def note(name: str, purge: Purge) -> None:
        seen[name].append(purge)

    async def came(number: int) -> bool:
        return len(seen["other"]) >= number

    tasks = [
        asyncio.create_task(file.follow(lambda purge, name=name: note(name, purge)))  # type: ignore[misc]
        for name, file in (("one", one), ("other", other))
    ]
    one.write(Purge(model="a"))
    await until(lambda: came(1))
    with (tmp_path / FILE_NAME).open("ab") as file:
        file.write(b"no line of ours\n")
    await until(lambda: _is_wrong(other))
    one.write(Purge(tag="b"))
    await until(lambda: came(2))
    (tmp_path / FILE_NAME).write_bytes(bytes(100_000))  # it has become too long
    one.write(Purge())
    await until(lambda: came(3))
    assert seen == {"one": [], "other": [Purge(model="a"), Purge(tag="b"), Purge()]}
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def _is_wrong(file: PurgeFile) -> bool:
    return file.error is not None
