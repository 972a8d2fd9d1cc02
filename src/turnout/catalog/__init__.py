"""Models, deployments, prices and keys, as one immutable snapshot.

``Catalog`` reads the configuration, follows its changes, discovers models, and replaces the snapshot as a whole.
``docs/configuration.md`` says how.
"""

from .access import AccessRegistrar, AccountFields, AccountKind, KeyDraft, KeyFields, MadeAccount, MadeKey, NewKey
from .api_models import ApiModel, ModelType, Status
from .catalog import Catalog
from .checks import key_id
from .discovery import Fetch, Finding
from .kind import capabilities_of, context_of, is_built_in, max_output_of, representative_of, type_of
from .reencryption import Reencrypted, reencrypt
from .registrar import Registrar
from .snapshot import Snapshot
from .state import CatalogState
from .taken_book import SHIPPED, take_book

__all__ = [
    "SHIPPED",
    "AccessRegistrar",
    "AccountFields",
    "AccountKind",
    "ApiModel",
    "Catalog",
    "CatalogState",
    "Fetch",
    "Finding",
    "KeyDraft",
    "KeyFields",
    "MadeAccount",
    "MadeKey",
    "ModelType",
    "NewKey",
    "Reencrypted",
    "Registrar",
    "Snapshot",
    "Status",
    "capabilities_of",
    "context_of",
    "is_built_in",
    "key_id",
    "max_output_of",
    "reencrypt",
    "representative_of",
    "take_book",
    "type_of",
]
