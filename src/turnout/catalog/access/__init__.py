"""Keys, users and teams that are made while the service runs, beside those of the files."""

from .beside_files import clashes, joined_keys, joined_rules, refuse_new_clashes
from .records import AccountFields, KeyDraft, KeyFields, MadeAccount, MadeKey, Previous
from .registrar import AccessRegistrar, NewKey
from .store import AccessDatabase, AccessStore, AccountKind, Accounts

__all__ = [
    "AccessDatabase",
    "AccessRegistrar",
    "AccessStore",
    "AccountFields",
    "AccountKind",
    "Accounts",
    "KeyDraft",
    "KeyFields",
    "MadeAccount",
    "MadeKey",
    "NewKey",
    "Previous",
    "clashes",
    "joined_keys",
    "joined_rules",
    "refuse_new_clashes",
]
