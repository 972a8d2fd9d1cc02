"""Payload filters, in Qdrant's own form (https://qdrant.tech/documentation/concepts/filtering/)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from turnout.errors import InvalidRequest

from .points import id_in_qdrant

if TYPE_CHECKING:
    from qdrant_client.models import Filter

_DEEPEST: Final = 16
_HAS_ID: Final = "has_id"
_LONGEST_WORDS: Final = 300


def filter_in(encoded: bytes) -> Filter:
    """A filter for Qdrant's client: ids are those in Qdrant. Raises ``InvalidRequest`` for what isn't one."""
    from pydantic import ValidationError
    from qdrant_client.models import Filter

    read = msgspec.json.decode(encoded)
    if not isinstance(read, dict):
        raise _invalid("expected an object such as {'must': [{'key': 'city', 'match': {'value': 'Rome'}}]}")
    told = _with_ids(read, 1)
    try:
        return Filter.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise _invalid(f"Qdrant takes no such filter: {where}: {first['msg']}"[:_LONGEST_WORDS]) from error


def _with_ids(value: Any, depth: int) -> Any:
    """The same with the UUIDs of the ids that ``has_id`` names."""
    if depth > 2 * _DEEPEST:
        raise _invalid(f"it is nested more than {_DEEPEST} deep")
    if isinstance(value, list):
        return [_with_ids(each, depth + 1) for each in value]
    if not isinstance(value, dict):
        return value
    ids = value.get(_HAS_ID)
    told = {name: _with_ids(each, depth + 1) for name, each in value.items()}
    if isinstance(ids, list):
        told[_HAS_ID] = [id_in_qdrant(id_) if isinstance(id_, str) else id_ for id_ in ids]
    return told


def _invalid(problem: str) -> InvalidRequest:
    return InvalidRequest(f"Invalid 'filter': {problem}.", param="filter")
