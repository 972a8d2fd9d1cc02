"""The bodies of the vector routes, with the names of the model service's calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from turnout.core import usd
from turnout.errors import InvalidRequest
from turnout.vectors import (
    DISTANCES,
    MOST_HITS,
    MOST_SIZE,
    Collection,
    Distance,
    Hit,
    Place,
    Point,
    Selection,
    check_name,
    new_point,
    packed_vector,
)

from .bodies import read
from .vector_texts import Embedded

MOST_POINTS: Final = 10_000
"""Of one request."""

_EXAMPLE: Final = {"must": [{"key": "city", "match": {"value": "Rome"}}]}

Name = Annotated[str, Meta(description="The collection's.", examples=["documents"])]
Vector = Annotated[list[float], Meta(description="As many numbers as the collection's `vector_size`.")]
Text = Annotated[str, Meta(description="In place of a vector: `model` makes one of it.")]
Model = Annotated[str, Meta(description="A model for embeddings. It is asked as any other: it costs, and it counts.")]
Filter = Annotated[dict[str, Any], Meta(description="A filter of Qdrant's.", examples=[_EXAMPLE])]


class CollectionDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    collection_name: Name
    vector_size: Annotated[int, Meta(ge=1, le=MOST_SIZE)] = 1536
    distance: Annotated[str, Meta(description=f"{', '.join(DISTANCES.values())}, in any case.")] = "Cosine"


class PointDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A point has either a `vector` or a `text`."""

    id: Annotated[str, Meta(description="Any text. A point of the same id is replaced.", examples=["point_1"])]
    vector: Vector | None = None
    text: Text | None = None
    payload: dict[str, Any] = {}


class PointsDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    collection_name: Name
    points: Annotated[list[PointDraft], Meta(min_length=1, max_length=MOST_POINTS)]
    model: Model | None = None


class PointsToDelete(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Either `ids` or a `filter`."""

    collection_name: Name
    ids: Annotated[list[str], Meta(min_length=1, max_length=MOST_POINTS)] | None = None
    filter: Filter | None = None


class SearchDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Either a `query_vector` or a `text`."""

    collection_name: Name
    query_vector: Vector | None = None
    text: Text | None = None
    model: Model | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_HITS)] = 10
    score_threshold: (
        Annotated[
            float, Meta(description="Default: 0.7 for Cosine, none for other distances. `null` takes every score.")
        ]
        | UnsetType
        | None
    ) = UNSET
    filter: Filter | None = None


read_collection = msgspec.json.Decoder(CollectionDraft)
read_points = msgspec.json.Decoder(PointsDraft)
read_points_to_delete = msgspec.json.Decoder(PointsToDelete)
read_search = msgspec.json.Decoder(SearchDraft)


class ReadPoints(msgspec.Struct, frozen=True):
    """``drafts[i]`` becomes ``ready[i]``; None where a text has to be embedded first."""

    name: str
    drafts: Sequence[PointDraft]
    ready: list[Point | None]
    model: str | None

    @property
    def texts(self) -> list[str]:
        return [draft.text or "" for draft, point in zip(self.drafts, self.ready, strict=True) if point is None]

    @property
    def paths(self) -> list[str]:
        return [
            f"points[{index}].{'vector' if draft.text is None else 'text'}" for index, draft in enumerate(self.drafts)
        ]

    def points(self, of_texts: Sequence[bytes]) -> list[Point]:
        """All points. ``of_texts`` are the vectors of ``texts``."""
        vectors = iter(of_texts)
        return [
            new_point(draft.id, next(vectors), draft.payload, f"points[{index}]") if point is None else point
            for index, (draft, point) in enumerate(zip(self.drafts, self.ready, strict=True))
        ]


def points_in(body: bytes) -> ReadPoints:
    """Raises ``InvalidRequest`` and ``BodyTooLarge``, with the path of the wrong field."""
    draft = read(body, read_points)
    check_name(draft.collection_name, "collection_name")
    _refuse_doubles(draft.points)
    ready = [_ready(point, f"points[{index}]") for index, point in enumerate(draft.points)]
    if None in ready and draft.model is None:
        raise _no_model(f"points[{ready.index(None)}].text")
    return ReadPoints(draft.collection_name, draft.points, ready, draft.model)


def selection_in(body: bytes) -> tuple[str, Selection]:
    """The collection's name and the points. Raises ``InvalidRequest``."""
    draft = read(body, read_points_to_delete)
    check_name(draft.collection_name, "collection_name")
    if (draft.ids is None) == (not draft.filter):
        raise InvalidRequest("Say which points: either their 'ids', or a 'filter' that isn't empty.", param="ids")
    encoded = None if draft.filter is None else msgspec.json.encode(draft.filter)
    return draft.collection_name, Selection(ids=tuple(draft.ids or ()), filter=encoded)


def search_in(body: bytes) -> tuple[SearchDraft, bytes | None]:
    """The search and its packed vector; None where a text has to be embedded first. Raises ``InvalidRequest``."""
    draft = read(body, read_search)
    check_name(draft.collection_name, "collection_name")
    if (draft.query_vector is None) == (draft.text is None):
        raise InvalidRequest("Say what to search for: either 'query_vector' or 'text'.", param="query_vector")
    if draft.query_vector is not None:
        return draft, packed_vector(draft.query_vector, "query_vector")
    if draft.model is None:
        raise _no_model("text")
    return draft, None


def new_collection(body: bytes, owner: str) -> Collection:
    """Raises ``InvalidRequest``."""
    draft = read(body, read_collection)
    check_name(draft.collection_name, "collection_name")
    place = Place(owner, draft.collection_name)
    return Collection(place=place, size=draft.vector_size, distance=_distance(draft.distance))


def collection_record(collection: Collection) -> dict[str, Any]:
    return {
        "collection_name": collection.place.name,
        "owner": collection.place.owner,
        "vector_size": collection.size,
        "distance": collection.distance,
        "points_count": collection.points,
    }


def hit_record(hit: Hit) -> dict[str, Any]:
    return {"id": hit.id, "score": hit.score, "payload": msgspec.Raw(hit.payload)}


def embedding_record(embedded: Embedded | None) -> dict[str, Any]:
    """What the texts took, in the shape of ``/v1/llm/generate-embeddings``; nothing where there was none."""
    if embedded is None:
        return {}
    usage = embedded.usage
    return {
        "model": embedded.model,
        "usage": None if usage is None else {"prompt_tokens": usage.input, "total_tokens": usage.total},
        "cost": None if embedded.cost is None else msgspec.Raw(usd(embedded.cost).encode()),
    }


def schema_of(form: type[msgspec.Struct]) -> dict[str, Any]:
    """The request body in the OpenAPI document. Other types that it names are written out in their place."""
    schema = msgspec.json.schema(form)
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _written_out(schema, schema["$defs"])}},
        }
    }


def _written_out(schema: Any, others: Mapping[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_written_out(each, others) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _written_out(others[schema["$ref"].rpartition("/")[2]], others)
    return {name: _written_out(each, others) for name, each in schema.items() if name != "$defs"}


def _ready(draft: PointDraft, path: str) -> Point | None:
    """A point with a text is checked as far as it is known."""
    if (draft.vector is None) == (draft.text is None):
        raise InvalidRequest(f"Invalid '{path}': a point has either a 'vector' or a 'text'.", param=path)
    vector = b"" if draft.vector is None else packed_vector(draft.vector, f"{path}.vector")
    point = new_point(draft.id, vector, draft.payload, path)
    return None if draft.vector is None else point


def _refuse_doubles(points: Sequence[PointDraft]) -> None:
    seen: dict[str, int] = {}
    for index, point in enumerate(points):
        first = seen.setdefault(point.id, index)
        if first != index:
            raise InvalidRequest(
                f"Invalid 'points[{index}].id': points[{first}] has the same id.", param=f"points[{index}].id"
            )


def _distance(word: str) -> Distance:
    distance = DISTANCES.get(word.lower())
    if distance is None:
        raise InvalidRequest(
            f"Invalid 'distance': '{word[:100]}' is none of {', '.join(DISTANCES.values())}.", param="distance"
        )
    return distance


def _no_model(text: str) -> InvalidRequest:
    return InvalidRequest(f"Say which model embeds '{text}': 'model' is missing.", param="model")
