"""Makes, changes, rotates, revokes and deletes keys, users and teams. This process serves a change before the call
returns, others within a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import msgspec
from msgspec import structs

from turnout.catalog.audited import told
from turnout.catalog.configured import Configured
from turnout.catalog.snapshot import Snapshot
from turnout.core import Secret
from turnout.errors import Conflict, NotFound
from turnout.storage import AccessKind, AuditEntry, KeyRow, RecordRow

from .checks import check_account, check_budgets, check_key
from .records import AccountFields, KeyDefinition, KeyDraft, KeyFields, MadeAccount, MadeKey, Previous, definition_text
from .secrets_made import NewSecret, new_id, new_secret
from .store import AccessDatabase, AccessStore, AccountKind

KeyEdit = Callable[[KeyDraft], KeyDraft]
AccountEdit = Callable[[AccountFields], AccountFields]


class AccessCatalog(Protocol):
    """What a catalog has of this."""

    @property
    def access(self) -> AccessStore: ...

    @property
    def configured(self) -> Configured: ...

    @property
    def snapshot(self) -> Snapshot: ...

    async def refresh_access(self, database: AccessDatabase) -> None: ...


class NewKey(msgspec.Struct, frozen=True):
    """``secret`` is known here and nowhere else."""

    key: MadeKey
    secret: Secret


class AccessRegistrar:
    """Every call can raise ``StorageUnavailable``. The audit log says that ``who`` made the change."""

    def __init__(self, catalog: AccessCatalog, database: AccessDatabase, who: str) -> None:
        self._catalog = catalog
        self._database = database
        self._who = who

    async def create_key(self, draft: KeyDraft) -> NewKey:
        """Raises ``Conflict`` for a name that is taken, and ``InvalidRequest``."""
        self._check_key(draft, None)
        made, now = new_secret(), int(time.time())
        row = KeyRow(
            id=new_id(),
            name=draft.name,
            definition=definition_text(KeyDefinition(fields=fields_of(draft))),
            created=now,
            updated=now,
            revision=0,
            **_of_secret(made),
        )
        store = await self._database.access()
        if not await store.add("keys", row, self._key_entry("create", None, row)):
            raise _name_taken(draft.name)
        await self._catalog.refresh_access(self._database)
        return NewKey(self._key(row.id), made.secret)

    async def change_key(self, id_: str, edit: KeyEdit) -> MadeKey:
        """Raises ``NotFound``, ``Conflict`` for a key that can't be changed here, and the errors of ``edit``."""
        before = await self._changeable(id_)
        draft = edit(draft_of(before))
        self._check_key(draft, before)
        definition = structs.replace(before.definition, fields=fields_of(draft))
        return await self._replace_key("change", before, structs.replace(before.row, name=draft.name), definition)

    async def rotate_key(self, id_: str, overlap: int) -> NewKey:
        """The secret before is good for ``overlap`` more seconds, and the one before that no longer."""
        before, made = await self._changeable(id_), new_secret()
        until = int(time.time()) + overlap
        previous = Previous(digest=before.row.digest, prefix=before.row.prefix, until=until) if overlap else None
        definition = structs.replace(before.definition, previous=previous)
        row = structs.replace(before.row, **_of_secret(made))
        return NewKey(await self._replace_key("rotate", before, row, definition), made.secret)

    async def revoke_key(self, id_: str) -> MadeKey:
        """For good. A key that was revoked before stays as it is."""
        before = await self._made(id_)
        if before.definition.revoked is not None:
            return before
        definition = structs.replace(before.definition, revoked=int(time.time()), previous=None)
        return await self._replace_key("revoke", before, before.row, definition)

    async def delete_key(self, id_: str) -> None:
        """As ``revoke_key``, and it is no longer listed. Its name is free."""
        before = await self._made(id_)
        row = structs.replace(before.row, definition="", name=None, updated=int(time.time()))
        await self._replace("keys", row, self._key_entry("delete", before, None))

    async def create_account(self, kind: AccountKind, id_: str, fields: AccountFields) -> MadeAccount:
        """Raises ``Conflict`` for a name that is taken, and ``InvalidRequest``."""
        check_account(kind, fields)
        check_budgets(fields, None, self._catalog.snapshot.serves)
        if id_ in getattr(self._catalog.configured.rules, kind):
            raise Conflict(f"The name '{id_}' is taken by the configuration, under '{kind}'.", param="id")
        now = int(time.time())
        row = RecordRow(id=id_, definition=definition_text(fields), created=now, updated=now, revision=0)
        store = await self._database.access()
        if not await store.add(kind, row, self._account_entry(kind, "create", id_, None, fields)):
            raise Conflict(f"There is '{id_}' already: PATCH /v1/{kind}/{id_} changes it.", param="id")
        await self._catalog.refresh_access(self._database)
        return self._account(kind, id_)

    async def change_account(self, kind: AccountKind, id_: str, edit: AccountEdit) -> MadeAccount:
        """Raises ``NotFound``, ``Conflict`` for one of the configuration, and the errors of ``edit``."""
        before = await self._made_account(kind, id_)
        fields = edit(before.fields)
        check_account(kind, fields)
        check_budgets(fields, before.fields, self._catalog.snapshot.serves)
        row = structs.replace(before.row, definition=definition_text(fields), updated=int(time.time()))
        await self._replace(kind, row, self._account_entry(kind, "change", id_, before.fields, fields))
        return self._account(kind, id_)

    async def delete_account(self, kind: AccountKind, id_: str) -> None:
        """Its keys stay, without what it allowed and limited."""
        before = await self._made_account(kind, id_)
        row = structs.replace(before.row, definition="", updated=int(time.time()))
        await self._replace(kind, row, self._account_entry(kind, "delete", id_, before.fields, None))

    # --- finding ---

    async def _made(self, id_: str) -> MadeKey:
        await self._catalog.refresh_access(self._database)
        store = self._catalog.access
        if id_ not in store.keys and any(key.id == id_ for key in self._catalog.configured.keys.values()):
            raise Conflict(f"The key '{id_}' is from the configuration. Change it there.")
        made = store.find(id_)
        if made is None:
            raise NotFound(f"There is no key '{id_}'.")
        return made

    async def _changeable(self, id_: str) -> MadeKey:
        made = await self._made(id_)
        if made.definition.revoked is not None:
            raise Conflict(f"The key '{id_}' was revoked. Make another one.")
        return made

    async def _made_account(self, kind: AccountKind, id_: str) -> MadeAccount:
        await self._catalog.refresh_access(self._database)
        made = self._catalog.access.accounts(kind).get(id_)
        if made is not None:
            return made
        if id_ in getattr(self._catalog.configured.rules, kind):
            raise Conflict(f"'{id_}' is from the configuration, under '{kind}'. Change it there.")
        raise NotFound(f"There is no '{id_}' among the {kind}.")

    def _key(self, id_: str) -> MadeKey:
        """Raises ``Conflict`` when somebody else has deleted it at once."""
        made = self._catalog.access.keys.get(id_)
        if made is None:
            raise _changed_meanwhile(id_)
        return made

    def _account(self, kind: AccountKind, id_: str) -> MadeAccount:
        made = self._catalog.access.accounts(kind).get(id_)
        if made is None:
            raise _changed_meanwhile(id_)
        return made

    # --- changing ---

    def _check_key(self, draft: KeyDraft, before: MadeKey | None) -> None:
        check_key(draft, self._catalog.configured)
        old = None if before is None else before.definition.fields
        check_budgets(draft, old, self._catalog.snapshot.serves)
        if draft.name is not None and (before is None or draft.name != before.row.name):
            if any(key.id == draft.name for key in self._catalog.configured.keys.values()):
                raise Conflict(f"The name '{draft.name}' is taken by a key of the configuration.", param="name")
            if draft.name in self._catalog.access.by_word:
                raise _name_taken(draft.name)

    async def _replace_key(self, action: str, before: MadeKey, row: KeyRow, definition: KeyDefinition) -> MadeKey:
        row = structs.replace(row, definition=definition_text(definition), updated=int(time.time()))
        await self._replace("keys", row, self._key_entry(action, before, row))
        return self._key(row.id)

    async def _replace(self, kind: AccessKind, row: RecordRow, entry: AuditEntry) -> None:
        store = await self._database.access()
        if not await store.replace(kind, row, entry):
            raise _changed_meanwhile(row.id)
        await self._catalog.refresh_access(self._database)

    # --- the audit log ---

    def _key_entry(self, action: str, before: MadeKey | None, after: KeyRow | None) -> AuditEntry:
        """Without digests: they are of no use to people, and a weak secret could be guessed from one."""
        row = after if after is not None else before.row if before is not None else None
        return AuditEntry(
            who=self._who,
            action=action,
            kind="key",
            subject="" if row is None else row.id,
            before=None if before is None else _told_key(before.row),
            after=None if after is None else _told_key(after),
        )

    def _account_entry(
        self, kind: AccountKind, action: str, id_: str, before: AccountFields | None, after: AccountFields | None
    ) -> AuditEntry:
        return AuditEntry(
            who=self._who,
            action=action,
            kind=kind.removesuffix("s"),
            subject=id_,
            before=None if before is None else told(before),
            after=None if after is None else told(after),
        )


def fields_of(draft: KeyDraft) -> KeyFields:
    return KeyFields(**{name: getattr(draft, name) for name in KeyFields.__struct_fields__})


def draft_of(made: MadeKey) -> KeyDraft:
    fields = made.definition.fields
    return KeyDraft(name=made.row.name, **{name: getattr(fields, name) for name in KeyFields.__struct_fields__})


def _of_secret(made: NewSecret) -> dict[str, str]:
    return {"digest": made.digest, "prefix": made.prefix, "last_four": made.last_four}


def _told_key(row: KeyRow) -> str:
    definition = msgspec.json.decode(row.definition, type=KeyDefinition)
    previous = definition.previous
    return told(
        {
            "name": row.name,
            "prefix": row.prefix,
            "last_four": row.last_four,
            **structs.asdict(definition.fields),
            "revoked": definition.revoked,
            "previous": None if previous is None else {"prefix": previous.prefix, "until": previous.until},
        }
    )


def _name_taken(name: str | None) -> Conflict:
    return Conflict(f"There is a key '{name}' already.", param="name")


def _changed_meanwhile(id_: str) -> Conflict:
    return Conflict(f"'{id_}' was changed by somebody else meanwhile. Look at it and try again.")
