"""Encrypts the API keys of models made through the API with another key."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from turnout.errors import SecretsUnavailable
from turnout.storage import ModelRow, Vault, is_sealed

from .api_model_store import ModelStore
from .api_models import resealed, stored_key


class Reencrypted(msgspec.Struct, frozen=True, kw_only=True):
    """How many keys were encrypted anew, and by the model's id why a key couldn't be.

    ``made_key``: with a key that was made for it. Otherwise an earlier call had made it, or the environment has it.
    """

    number: int
    refused: Mapping[str, str]
    made_key: bool


async def reencrypt(store: ModelStore, vault: Vault, who: str) -> Reencrypted:
    """With a new key in the file of this host, or with the one in the environment.

    It may break off at any place: the next call goes on with the same key. Others may change models meanwhile. The
    audit log says that ``who`` did it.

    Raises ``StorageUnavailable``, and ``SecretsUnavailable`` when there is no key to encrypt with.
    """
    _, rows = await store.all()
    begun, _ = await asyncio.to_thread(_changes, rows, vault)
    made_key = vault.is_of_this_host and not any(is_sealed(stored_key(before) or "") for before, _ in begun)
    if made_key:
        await asyncio.to_thread(vault.rotate)
    number = 0
    while True:
        _, rows = await store.all()
        changes, refused = await asyncio.to_thread(_changes, rows, vault)
        if not changes:
            return Reencrypted(number=number, refused=refused, made_key=made_key)
        number += await store.replace_secrets(changes, who)


def _changes(rows: Sequence[ModelRow], vault: Vault) -> tuple[list[tuple[ModelRow, ModelRow]], dict[str, str]]:
    """Each row to change, before and after, and why others can't be."""
    changes, refused = [], {}
    for row in rows:
        key = stored_key(row)
        if key is None or (is_sealed(key) and vault.is_current(key)):
            continue
        try:
            changes.append((row, resealed(row, vault)))
        except SecretsUnavailable as error:
            refused[row.id] = error.message
    return changes, refused
