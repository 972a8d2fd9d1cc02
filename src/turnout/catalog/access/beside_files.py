"""Keys, users and teams of the files, beside those made through the API. What both have is the files'.

The secret of a key, its id, and the name of a user or a team belong to one of them alone. When both have it, the files'
is used, and ``/health`` reports the clash. The name of a key is only a name: both keys work, and the name finds the
files' key. Changed files can't take a name that was made through the API.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import structs

from turnout.catalog.configured import Configured
from turnout.core import Account, Key, Rules
from turnout.errors import ConfigError

from .store import AccessStore, Accounts


def joined_keys(configured: Configured, store: AccessStore) -> Mapping[bytes, Key]:
    """By digest."""
    made, by_digest = store.keys, store.by_digest
    if not by_digest:
        return configured.keys
    keys = {**by_digest, **configured.keys}
    for id_ in {key.id for key in configured.keys.values()} & made.keys():
        for key in made[id_].keys:
            if keys.get(key.digest) is key:
                del keys[key.digest]
    return keys


def joined_rules(configured: Configured, store: AccessStore) -> Rules:
    rules = configured.rules
    if not store.users and not store.teams:
        return rules
    return structs.replace(rules, users=_joined(rules.users, store.users), teams=_joined(rules.teams, store.teams))


def _joined(of_files: Mapping[str, Account], made: Accounts) -> Mapping[str, Account]:
    return {**{id_: each.account for id_, each in made.items()}, **of_files}


def refuse_new_clashes(store: AccessStore, before: Configured, after: Configured) -> None:
    """Raises ``ConfigError`` when changed files take names that were made through the API."""
    known = set(clashes(store, before))
    new = [clash for clash in clashes(store, after) if clash not in known]
    if new:
        raise ConfigError("\n".join(new))


def clashes(store: AccessStore, configured: Configured) -> Iterator[str]:
    """A sentence for each."""
    yield from _account_clashes("users", configured.rules.users, store.users)
    yield from _account_clashes("teams", configured.rules.teams, store.teams)
    for key in configured.keys.values():
        made = store.find(key.id)
        if made is not None:
            yield f"keys: the name '{key.id}' is taken by the key {made.row.id}, made through the API; rename one"
    for digest in configured.keys.keys() & store.by_digest.keys():
        ours, made_one = configured.keys[digest], store.by_digest[digest]
        yield (
            f"keys: the key '{ours.id}' is the same as {made_one.id}, made through the API: what the file says of it "
            f"holds; DELETE /v1/keys/{made_one.id}"
        )


def _account_clashes(kind: str, of_files: Iterable[str], made: Accounts) -> Iterator[str]:
    for id_ in of_files:
        if id_ in made:
            yield f"{kind}.{id_}: this name is taken, made through the API; DELETE /v1/{kind}/{id_}, or rename one"
