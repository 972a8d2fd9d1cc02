"""Models, deployments, prices and keys, as one immutable snapshot that is swapped whole.

``Catalog`` reads the configuration, follows its changes and discovers models; ``docs/configuration.md`` says how.
"""

from .catalog import Catalog, CatalogState
from .discovery import Fetch, Finding
from .made import MadeModel
from .registrar import Registrar
from .snapshot import Snapshot

__all__ = ["Catalog", "CatalogState", "Fetch", "Finding", "MadeModel", "Registrar", "Snapshot"]
