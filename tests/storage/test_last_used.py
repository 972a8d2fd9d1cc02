"""When a key was used last, from the sums by hour."""

from __future__ import annotations

from pathlib import Path

from turnout.storage import LazyDatabase

from .support import attempt

HOUR = 3_600_000_000  # microseconds


async def test_the_last_hour_of_each_key_is_known(database_address: str, tmp_path: Path) -> None:
    database = LazyDatabase(tmp_path, database_address)
    used = await database.last_used()
    assert await used.hours(["a"]) == {}
    asked = [("a", 5, "fast"), ("a", 9, "slow"), ("a", 7, "fast"), ("b", 6, "fast")]
    rows = [
        attempt(f"r{number}", key_id=key, started=(490_000 + hour) * HOUR + 7, model=model)
        for number, (key, hour, model) in enumerate(asked)
    ]
    await (await database.attempts()).insert(rows)
    assert await used.hours(["a", "b", "c' OR 1=1"]) == {"a": 490_009, "b": 490_006}
    assert await used.hours([]) == {}
    await database.close()
