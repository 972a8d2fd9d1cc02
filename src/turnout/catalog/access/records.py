"""Keys, users and teams made through the API: their form in the database, and what the snapshot has of them."""

from __future__ import annotations

import msgspec

from turnout.config.allowance_settings import AllowanceSettings, Expiry, IndexedName
from turnout.config.allowances import account_of, allowance_of
from turnout.config.expiry import expires_at
from turnout.config.words import Name, Tag
from turnout.core import UNLIMITED, Account, Key
from turnout.storage import KeyRow, RecordRow


class KeyFields(AllowanceSettings, frozen=True, kw_only=True):
    """What an admin says of a key, in the words of the file."""

    user: IndexedName = ""
    team: IndexedName = ""
    tier: IndexedName = ""
    expires: Expiry | None = None
    needs_tags: list[Tag] = msgspec.field(default_factory=list)
    admin: bool = False
    auditor: bool = False
    strict: bool = False
    trusted: bool = False


class KeyDraft(KeyFields, frozen=True, kw_only=True):
    """A name is optional. No other key has it."""

    name: Name | None = None


class AccountFields(AllowanceSettings, frozen=True, kw_only=True):
    """What an admin says of a user or a team. Only a user has a ``team``."""

    team: IndexedName = ""


class Previous(msgspec.Struct, frozen=True, kw_only=True):
    """The secret before the last rotation. It is good before ``until``, a Unix time in seconds."""

    digest: str
    prefix: str
    until: int


class KeyDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON of a key's row. ``revoked`` is a Unix time in seconds.

    An older version doesn't read what a newer one has written: it could overlook what the key is not allowed.
    """

    fields: KeyFields
    revoked: int | None = None
    previous: Previous | None = None


class MadeKey(msgspec.Struct, frozen=True):
    """``keys`` are what the snapshot has of it: one for each secret that is good. A revoked key has none."""

    row: KeyRow
    definition: KeyDefinition
    keys: tuple[Key, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """By what people know it: prefixes, and its name."""
        previous = self.definition.previous
        words = (self.row.prefix,) if previous is None else (self.row.prefix, previous.prefix)
        return words if self.row.name is None else (*words, self.row.name)


class MadeAccount(msgspec.Struct, frozen=True):
    """A user or a team."""

    row: RecordRow
    fields: AccountFields
    account: Account


_encode = msgspec.json.Encoder().encode
_decode_key = msgspec.json.Decoder(KeyDefinition).decode
_decode_account = msgspec.json.Decoder(AccountFields).decode


def definition_text(definition: KeyDefinition | AccountFields) -> str:
    return _encode(definition).decode()


def made_key(row: KeyRow) -> MadeKey:
    """Raises ``msgspec.DecodeError`` or ``ValueError`` for a row that another version has written."""
    definition = _decode_key(row.definition)
    return MadeKey(row, definition, _keys_of(row, definition))


def made_account(row: RecordRow) -> MadeAccount:
    """Raises ``msgspec.DecodeError`` or ``ValueError`` for a row that another version has written."""
    fields = _decode_account(row.definition)
    return MadeAccount(row, fields, account_of(fields, fields.team))


def _keys_of(row: KeyRow, definition: KeyDefinition) -> tuple[Key, ...]:
    if definition.revoked is not None:
        return ()
    fields, previous = definition.fields, definition.previous
    expires = None if fields.expires is None else expires_at(fields.expires)
    key = Key(
        id=row.id,
        digest=bytes.fromhex(row.digest),
        user=fields.user,
        team=fields.team,
        tier=fields.tier,
        expires=expires,
        allowance=allowance_of(fields) if _is_limited(fields) else UNLIMITED,
        needs_tags=frozenset(fields.needs_tags),
        admin=fields.admin,
        auditor=fields.auditor,
        strict=fields.strict,
        trusted=fields.trusted,
        tags=frozenset(fields.tags),
        metadata=fields.metadata,
    )
    if previous is None:
        return (key,)
    until = previous.until if expires is None else min(previous.until, expires)
    return (key, msgspec.structs.replace(key, digest=bytes.fromhex(previous.digest), expires=until))


def _is_limited(fields: KeyFields) -> bool:
    return bool(fields.models or fields.operations or fields.limits) or fields.budget_usd is not None
