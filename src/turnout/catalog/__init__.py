"""Models, deployments, prices and keys, as one immutable snapshot that is swapped whole.

``Catalog`` reads the configuration, follows its changes and discovers models; ``docs/configuration.md`` says how.
"""

from .catalog import Catalog, CatalogState
from .discovery import Fetch, Finding
from .environment import CommandLine
from .made import MadeModel
from .registrar import Registrar
from .schema import json_schema
from .settings import Settings
from .snapshot import Snapshot

__all__ = [
    "Catalog",
    "CatalogState",
    "CommandLine",
    "Fetch",
    "Finding",
    "MadeModel",
    "Registrar",
    "Settings",
    "Snapshot",
    "json_schema",
]
