"""The same questions to every form of the store: in memory, in a folder, and over the socket of the control process.

No Qdrant server is to be had from a package registry. ``QDRANT_TEST_URL`` adds one.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import pytest
from qdrant_client import QdrantClient

from tests.host.stage import wait_until_up
from turnout.errors import InvalidRequest, PartlyWritten, TurnoutError
from turnout.host import LocalControl, RemoteControl, ServedControl, control_listener, new_host_folder
from turnout.vectors import Collection, Place, Point, Query, Selection, Vectors, VectorStore, new_point, packed_vector
from turnout.vectors.address import QdrantAddress
from turnout.vectors.choice import vector_store
from turnout.vectors.control_store import ControlStore, answer_with
from turnout.vectors.embedded import EmbeddedStore
from turnout.vectors.server_store import ServerStore

SERVER = os.environ.get("QDRANT_TEST_URL", "")
FORMS = ("memory", "folder", "socket", *(["server"] if SERVER else []))
PLACE = Place("team/ä", "documents")


def vector(*numbers: float) -> bytes:
    return packed_vector(numbers, "vector")


def point(id_: str, *numbers: float, **payload: object) -> Point:
    return new_point(id_, vector(*numbers), payload, "points[0]")


@asynccontextmanager
async def opened(form: str, path: Path) -> AsyncIterator[VectorStore]:
    if form == "socket":
        async with asked_over_a_socket(path) as asked:
            yield asked
        return
    store: VectorStore
    if form == "server":
        store = ServerStore(QdrantAddress(SERVER))
    elif form == "folder":
        store = vector_store({}, path, LocalControl())
    else:
        control, own = LocalControl(), EmbeddedStore(None)
        answer_with(control.handlers, own)
        store = ControlStore(control, own)
    yield store
    await store.close()


@asynccontextmanager
async def asked_over_a_socket(path: Path, most: int = 20_000) -> AsyncIterator[VectorStore]:
    folder = new_host_folder()
    with control_listener(folder.control) as listener:
        served, remote, own = ServedControl(listener), RemoteControl(folder.control), EmbeddedStore(path, most)
        answer_with(served.handlers, own)
        async with served.opened(), remote.opened():
            await wait_until_up(remote)
            yield ControlStore(remote, None)
        await own.close()
    folder.remove()


@pytest.fixture(params=FORMS)
async def vectors(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Vectors]:
    async with opened(request.param, tmp_path) as store:
        for place in await store.places():
            await store.drop(place)
        yield Vectors(store)


async def filled(vectors: Vectors, points: list[Point], place: Place = PLACE, size: int = 2) -> None:
    await vectors.create(Collection(place=place, size=size, distance="Cosine"))
    await vectors.upsert(place, points, ["vector"] * len(points))


async def found(vectors: Vectors, query: Query, place: Place = PLACE, threshold: float | None = None) -> list[str]:
    hits, _ = await vectors.search(place, query, "query_vector", threshold)
    return [hit.id for hit in hits]


async def test_points_are_found_by_closeness_with_the_ids_and_payloads_they_came_with(vectors: Vectors) -> None:
    await filled(vectors, [point("point_1", 1, 0, text="a"), point("ü/2", 1, 1), point("3", -1, 0, deep={"n": [1]})])
    hits, threshold = await vectors.search(PLACE, Query(vector=vector(1, 0), limit=10), "query_vector")
    assert ([(hit.id, hit.payload) for hit in hits], threshold) == (
        [("point_1", b'{"text":"a"}'), ("ü/2", b"{}")],
        0.7,
    )
    assert [round(hit.score, 4) for hit in hits] == [1.0, 0.7071]
    assert await found(vectors, Query(vector=vector(1, 0), limit=10)) == ["point_1", "ü/2", "3"]
    assert await found(vectors, Query(vector=vector(1, 0), limit=2)) == ["point_1", "ü/2"]
    assert await found(vectors, Query(vector=vector(1, 0), limit=10), threshold=0.8) == ["point_1"]


async def test_a_point_of_the_same_id_is_replaced(vectors: Vectors) -> None:
    await filled(vectors, [point("a", 1, 0, old=True)])
    await vectors.upsert(PLACE, [point("a", 0, 1, new=True)], ["vector"])
    hits, _ = await vectors.search(PLACE, Query(vector=vector(0, 1), limit=10), "query_vector")
    assert [(hit.id, hit.payload) for hit in hits] == [("a", b'{"new":true}')]
    assert (await vectors.collection(PLACE)).points == 1


async def test_filters_look_at_payloads_and_at_ids_as_clients_write_them(vectors: Vectors) -> None:
    await filled(vectors, [point(str(n), 1, n / 10, n=n, city="Rome" if n % 2 else "Oslo") for n in range(6)])
    filters = {
        b'{"must":[{"key":"city","match":{"value":"Rome"}}]}': ["1", "3", "5"],
        b'{"must":[{"key":"n","range":{"lt":2}}],"must_not":[{"has_id":["0"]}]}': ["1"],
        b'{"should":[{"has_id":["2","9"]},{"must":[{"has_id":["4"]}]}]}': ["2", "4"],
    }
    for each, expected in filters.items():
        assert await found(vectors, Query(vector=vector(1, 0), limit=10, filter=each)) == expected


async def test_points_are_deleted_by_ids_and_by_filter(vectors: Vectors) -> None:
    await filled(vectors, [point(str(n), 1, n, n=n) for n in range(6)])
    assert await vectors.remove(PLACE, Selection(ids=("0", "1", "unknown"))) == 2
    assert await vectors.remove(PLACE, Selection(filter=b'{"must":[{"key":"n","range":{"gte":4}}]}')) == 2
    assert await vectors.remove(PLACE, Selection(ids=("0",))) == 0
    assert sorted(await found(vectors, Query(vector=vector(1, 0), limit=10))) == ["2", "3"]


async def test_owners_have_names_of_their_own(vectors: Vectors) -> None:
    other = Place("b", "documents")
    await filled(vectors, [point("a", 1, 0)])
    await filled(vectors, [point("b", 1, 0), point("c", 1, 0)], other)
    assert await found(vectors, Query(vector=vector(1, 0), limit=10)) == ["a"]
    assert [(each.place, each.points) for each in await vectors.collections("b")] == [(other, 2)]
    assert [each.place for each in await vectors.collections(None)] == [other, PLACE]
    await vectors.drop(other)
    assert [each.place for each in await vectors.collections(None)] == [PLACE]


@pytest.mark.parametrize("distance", ["Dot", "Euclid", "Manhattan"])
async def test_other_distances_have_no_threshold_unless_one_is_said(vectors: Vectors, distance: str) -> None:
    await vectors.create(Collection(place=PLACE, size=2, distance=distance))  # type: ignore[arg-type]
    await vectors.upsert(PLACE, [point("near", 1, 0), point("far", 9, 0)], ["vector"] * 2)
    hits, threshold = await vectors.search(PLACE, Query(vector=vector(1, 0), limit=10), "query_vector")
    assert ([hit.id for hit in hits], threshold) == (["far", "near"] if distance == "Dot" else ["near", "far"], None)
    assert (await vectors.collection(PLACE)).distance == distance


async def test_what_is_not_there_or_there_already_is_said(vectors: Vectors) -> None:
    query = Query(vector=vector(1, 0), limit=1)
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "collection": lambda: vectors.collection(PLACE),
        "drop": lambda: vectors.drop(PLACE),
        "upsert": lambda: vectors.upsert(PLACE, [point("a", 1, 0)], ["vector"]),
        "remove": lambda: vectors.remove(PLACE, Selection(ids=("a",))),
        "search": lambda: vectors.search(PLACE, query, "query_vector"),
    }
    for name, ask in asked.items():
        with pytest.raises(TurnoutError, match="'documents' does not exist") as raised:
            await ask()
        told = raised.value
        assert (name, told.status, told.code, getattr(told, "param", "")) == (name, 404, "not_found", "collection_name")
    await filled(vectors, [point("a", 1, 0)])
    with pytest.raises(TurnoutError, match="exists already") as taken:
        await vectors.create(Collection(place=PLACE, size=2, distance="Cosine"))
    assert taken.value.status == 409
    assert await found(vectors, query) == ["a"]


@pytest.mark.parametrize(
    "wrong",
    [
        b"[]",
        b'{"city":"Rome"}',
        b'{"must":[{"key":"city"},{"match":1}]}',
        b'{"must":[{"has_id":"a"}]}',
        b'{"must":' * 40 + b"[]" + b"}" * 40,
    ],
)
async def test_a_filter_that_is_none_is_refused_and_deletes_nothing(vectors: Vectors, wrong: bytes) -> None:
    await filled(vectors, [point("a", 1, 0, city="Rome")])
    for ask in (
        vectors.search(PLACE, Query(vector=vector(1, 0), limit=1, filter=wrong), "query_vector"),
        vectors.remove(PLACE, Selection(filter=wrong)),
    ):
        with pytest.raises(TurnoutError, match="filter") as raised:
            await ask
        assert (raised.value.status, getattr(raised.value, "param", "")) == (400, "filter")
    assert await found(vectors, Query(vector=vector(1, 0), limit=1)) == ["a"]


async def test_nothing_is_written_of_a_batch_with_a_vector_of_the_wrong_size(vectors: Vectors) -> None:
    await filled(vectors, [point("a", 1, 0)])
    with pytest.raises(InvalidRequest, match="the vector has 3 numbers, and those of 'documents' have 2") as raised:
        await vectors.upsert(PLACE, [point("b", 1, 0), point("c", 1, 0, 0)], ["points[0].vector", "points[1].vector"])
    assert raised.value.param == "points[1].vector"
    with pytest.raises(InvalidRequest, match="no direction"):
        await vectors.upsert(PLACE, [point("b", 0, 0)], ["points[0].vector"])
    assert (await vectors.collection(PLACE)).points == 1


async def test_a_collection_may_be_deleted_and_made_anew_while_it_is_searched(vectors: Vectors) -> None:
    await filled(vectors, [point("a", 1, 0)])

    async def search() -> str:
        try:
            return ",".join(await found(vectors, Query(vector=vector(1, 0), limit=1)))
        except TurnoutError as error:
            return error.code

    async def renew() -> None:
        await vectors.drop(PLACE)
        await filled(vectors, [point("b", 1, 0)])

    told = await asyncio.gather(*(search() for _ in range(20)), renew(), *(search() for _ in range(20)))
    assert {each for each in told if each is not None} <= {"a", "b", "", "not_found"}
    assert await search() == "b"


async def test_hits_with_large_payloads_come_whole(vectors: Vectors) -> None:
    long_text = "x" * 50_000
    await filled(vectors, [point(str(n), 1, n / 100, text=long_text) for n in range(30)])
    hits, _ = await vectors.search(PLACE, Query(vector=vector(1, 0), limit=30), "query_vector")
    assert [hit.id for hit in hits] == [str(n) for n in range(30)]
    assert {len(hit.payload) for hit in hits} == {50_011}


async def test_the_embedded_store_takes_so_many_points_and_says_what_to_do(tmp_path: Path) -> None:
    async with asked_over_a_socket(tmp_path, most=5) as store:
        vectors = Vectors(store)
        await filled(vectors, [point(str(n), 1, n) for n in range(4)])
        await vectors.upsert(PLACE, [point(str(n), 1, n) for n in range(4)], ["vector"] * 4)
        with pytest.raises(TurnoutError, match=r"5 are the limit .* Set QDRANT_URL") as raised:
            await vectors.upsert(PLACE, [point(str(n), 1, n) for n in range(3, 7)], ["vector"] * 4)
        assert (raised.value.status, raised.value.code) == (409, "vectors_full")
        await vectors.remove(PLACE, Selection(ids=("0",)))
        await vectors.upsert(PLACE, [point("5", 1, 0), point("6", 1, 0)], ["vector"] * 2)
        await vectors.drop(PLACE)
        await filled(vectors, [point(str(n), 1, n) for n in range(5)])


async def test_a_batch_that_ends_halfway_says_how_far_it_came(tmp_path: Path) -> None:
    async with asked_over_a_socket(tmp_path, most=60) as store:
        vectors = Vectors(store)
        place = Place("a", "wide")
        await vectors.create(Collection(place=place, size=1536, distance="Cosine"))
        points = [new_point(str(n), vector(*([1.0] * 1536)), {}, "points") for n in range(100)]
        with pytest.raises(PartlyWritten, match="The first 42 of the 100 points are written") as raised:
            await vectors.upsert(place, points, ["vector"] * 100)
        assert (raised.value.status, (await vectors.collection(place)).points) == (409, 42)


async def test_qdrants_own_client_reads_the_folder(tmp_path: Path) -> None:
    async with opened("folder", tmp_path) as store:
        await filled(Vectors(store), [point("point_1", 3, 4, text="sample text")])
        with pytest.raises(TurnoutError, match="in use by another program") as raised:
            async with opened("folder", tmp_path) as second:
                await second.places()
        assert raised.value.status == 503
    assert (tmp_path / "vectors").stat().st_mode & 0o777 == 0o700
    client = QdrantClient(path=str(tmp_path / "vectors"))
    (collection,) = client.get_collections().collections
    (record,), _ = client.scroll(collection.name, with_vectors=True)
    assert collection.name == "turnout.team=2F=C3=A4.documents"
    assert (record.id, record.payload) == (
        str(uuid5(NAMESPACE_OID, "point_1")),
        {"text": "sample text", "_turnout_id": "point_1"},
    )
    client.close()
    async with opened("folder", tmp_path) as store:
        assert await found(Vectors(store), Query(vector=vector(3, 4), limit=1)) == ["point_1"]


async def test_points_and_collections_of_other_programs_are_respected(tmp_path: Path) -> None:
    from qdrant_client.models import Distance, PointStruct, VectorParams

    async with opened("folder", tmp_path) as store:
        await filled(Vectors(store), [])
    client = QdrantClient(path=str(tmp_path / "vectors"))
    client.create_collection("theirs", vectors_config=VectorParams(size=2, distance=Distance.DOT))
    client.upsert("turnout.team=2F=C3=A4.documents", [PointStruct(id=7, vector=[1.0, 0.0], payload={"a": 1})])
    client.close()
    async with opened("folder", tmp_path) as store:
        vectors = Vectors(store)
        assert [each.place for each in await vectors.collections(None)] == [PLACE]
        hits, _ = await vectors.search(PLACE, Query(vector=vector(1, 0), limit=1), "query_vector")
        assert [(hit.id, hit.payload) for hit in hits] == [("7", b'{"a":1}')]
