"""Keys, users and teams as the API tells of them: those of the files, and those made at run time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from heapq import nsmallest
from typing import Any, Literal

import msgspec

from turnout.catalog import AccountFields, AccountKind, Catalog, KeyFields, MadeAccount, MadeKey, key_id
from turnout.config import AllowanceSettings
from turnout.core import Key
from turnout.errors import Conflict

Status = Literal["active", "expired", "revoked"]
Record = dict[str, Any]


class KeyPlace(msgspec.Struct, frozen=True, order=True, array_like=True):
    """Of a key in their list: when it was made (Unix seconds; 0 for one of the files), and its id."""

    created: int
    id: str


_SHARED = KeyFields.__struct_fields__


def key_page(catalog: Catalog, only: Mapping[str, str], after: KeyPlace | None, limit: int) -> list[Record]:
    """The first keys behind ``after`` that have the values of ``only``; those of the files come first.

    Of the many that were made, only those of the page become records.
    """
    of_files = [record for record in _file_records(catalog) if all(record[name] == only[name] for name in only)]
    rows: list[tuple[KeyPlace, Record | MadeKey]] = [(place_of(record), record) for record in of_files]
    rows += [
        (KeyPlace(each.row.created, id_), each)
        for id_, each in catalog.access.keys.items()
        if all(getattr(each.definition.fields, name) == only[name] for name in only)
    ]
    behind = [row for row in rows if after is None or row[0] > after]
    first = nsmallest(limit, behind, key=lambda row: row[0])
    return [made_record(each) if isinstance(each, MadeKey) else each for _, each in first]


def place_of(record: Record) -> KeyPlace:
    return KeyPlace(record["created"] or 0, record["id"])


def key_record(catalog: Catalog, text: str) -> Record | None:
    """The key of that id, else of that name or prefix."""
    made = catalog.access.keys.get(text)
    if made is None:
        of_file = next((record for record in _file_records(catalog) if record["id"] == text), None)
        if of_file is not None:
            return of_file
        made = catalog.access.find(text)
    return None if made is None else made_record(made)


def key_of_record(catalog: Catalog, record: Record) -> Key:
    """Raises ``Conflict`` for a revoked key: it may do nothing."""
    made = catalog.access.keys.get(record["id"]) if record["source"] == "api" else None
    keys = catalog.configured.keys.values() if made is None else made.keys
    key = next((key for key in keys if key.id == record["id"]), None)
    if key is None:
        raise Conflict(f"The key '{record['id']}' was revoked: it may do nothing.")
    return key


def made_record(made: MadeKey) -> Record:
    definition, row = made.definition, made.row
    expires = made.keys[0].expires if made.keys else None
    previous = definition.previous
    is_over = previous is None or previous.until <= time.time()
    return {
        "object": "key",
        "id": row.id,
        "name": row.name,
        "prefix": row.prefix,
        "last_four": row.last_four,
        "source": "api",
        "status": "revoked" if definition.revoked is not None else _status(expires),
        **_told(definition.fields, _SHARED),
        "created": row.created,
        "updated": row.updated,
        "revoked": definition.revoked,
        "previous": None if previous is None or is_over else {"prefix": previous.prefix, "until": previous.until},
    }


def _file_records(catalog: Catalog) -> Iterator[Record]:
    settings = {key_id(key, number): key for number, key in enumerate(catalog.settings.keys)}
    for key in catalog.configured.keys.values():
        yield _file_record(key, settings.get(key.id))


def _file_record(key: Key, written: AllowanceSettings | None) -> Record:
    """``written`` is None for the key in a variable and for the first admin key."""
    defaults = KeyFields(admin=key.admin)
    return {
        "object": "key",
        "id": key.id,
        "name": key.id,
        "prefix": None,
        "last_four": None,
        "source": "configuration",
        "status": _status(key.expires),
        **_told(defaults, _SHARED),
        **({} if written is None else _told(written, [name for name in _SHARED if hasattr(written, name)])),
        "admin": key.admin,
        "created": None,
        "updated": None,
        "revoked": None,
        "previous": None,
    }


def _status(expires: int | None) -> Status:
    return "expired" if expires is not None and expires <= time.time() else "active"


def _told(settings: msgspec.Struct, names: Iterable[str]) -> Record:
    told: Record = msgspec.to_builtins({name: getattr(settings, name) for name in names})
    return told


def account_records(catalog: Catalog, kind: AccountKind) -> Mapping[str, Record]:
    """By id. What both have is the files'."""
    made = {id_: made_account_record(kind, each) for id_, each in catalog.access.accounts(kind).items()}
    return made | {id_: _account_record(kind, id_, each) for id_, each in _written(catalog, kind).items()}


def account_record(catalog: Catalog, kind: AccountKind, id_: str) -> Record | None:
    written = _written(catalog, kind).get(id_)
    if written is not None:
        return _account_record(kind, id_, written)
    made = catalog.access.accounts(kind).get(id_)
    return None if made is None else made_account_record(kind, made)


def made_account_record(kind: AccountKind, made: MadeAccount) -> Record:
    return _account_record(kind, made.row.id, made.fields) | {
        "source": "api",
        "created": made.row.created,
        "updated": made.row.updated,
    }


def _written(catalog: Catalog, kind: AccountKind) -> Mapping[str, AllowanceSettings]:
    return catalog.settings.users if kind == "users" else catalog.settings.teams


def _account_record(kind: AccountKind, id_: str, settings: AllowanceSettings) -> Record:
    names = [name for name in AccountFields.__struct_fields__ if kind == "users" or name != "team"]
    return {
        "object": kind.removesuffix("s"),
        "id": id_,
        "source": "configuration",
        **_told(settings, names),
        "created": None,
        "updated": None,
    }
