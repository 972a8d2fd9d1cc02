"""A folder that can't be read or written, and what is loaded before anybody asks for vectors."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from qdrant_client.local.persistence import CollectionPersistence

from turnout.errors import PartlyWritten, TurnoutError
from turnout.host import LocalControl
from turnout.vectors import Collection, Place, Vectors, new_point, packed_vector, vector_store

PLACE = Place("alice", "documents")


@pytest.fixture
async def vectors(tmp_path: Path) -> AsyncIterator[Vectors]:
    vectors = Vectors(vector_store({}, tmp_path, LocalControl()))
    yield vectors
    await vectors.close()


def error_of(vectors: Vectors) -> str | None:
    return vectors.condition.error


async def test_a_full_disk_says_what_is_written_and_health_knows_until_it_is_mended(
    vectors: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    await vectors.create(Collection(place=PLACE, size=2, distance="Cosine"))
    points = [new_point(str(n), packed_vector([1, n], "vector"), {}, "point") for n in range(5)]
    persist, kept = CollectionPersistence.persist, iter(range(3))

    def until_full(self: CollectionPersistence, point: object) -> None:
        if next(kept, None) is None:
            raise sqlite3.OperationalError("database or disk is full")
        persist(self, point)  # type: ignore[arg-type]

    monkeypatch.setattr(CollectionPersistence, "persist", until_full)
    with pytest.raises(PartlyWritten, match=r"first 0 of the 5 points .* database or disk is full") as raised:
        await vectors.upsert(PLACE, points, ["vector"] * 5)
    assert raised.value.status == 503
    assert "disk is full" in (error_of(vectors) or "")
    monkeypatch.undo()
    with pytest.raises(TurnoutError, match="'other' does not exist"):
        await vectors.collection(Place("alice", "other"))
    assert error_of(vectors) is None
    assert (await vectors.collection(PLACE)).points == 3
    await vectors.upsert(PLACE, points, ["vector"] * 5)
    assert (await vectors.collection(PLACE)).points == 5


@pytest.mark.parametrize("broken", ["no-folder", "no-json", "no-sqlite"])
async def test_a_folder_that_cannot_be_opened_is_tried_again_with_each_request(
    vectors: Vectors, tmp_path: Path, broken: str
) -> None:
    folder = tmp_path / "vectors"
    if broken == "no-folder":
        folder.write_text("a file")
    else:
        await vectors.create(Collection(place=PLACE, size=2, distance="Cosine"))
        await vectors.close()
        path = folder / "meta.json" if broken == "no-json" else next(folder.rglob("storage.sqlite"))
        path.write_bytes(b"nonsense" * 1000)
    again = Vectors(vector_store({}, tmp_path, LocalControl()))
    for _ in range(2):
        with pytest.raises(TurnoutError, match="can't be opened") as raised:
            await again.collections(None)
        assert (raised.value.status, raised.value.code) == (503, "vectors_unavailable")
    if broken == "no-folder":
        folder.unlink()
        assert await again.collections(None) == []
    await again.close()


def test_a_service_without_vectors_does_not_load_qdrants_client() -> None:
    heavy = {"qdrant_client", "numpy", "httpx", "grpc"}
    source = "import sys, turnout.gateway, turnout.server.control; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout.split()
    assert heavy & set(loaded) == set()
