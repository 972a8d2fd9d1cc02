"""Models, deployments, prices and keys, as one immutable snapshot that is swapped whole.

``Catalog`` reads the configuration, follows its changes and discovers models; ``docs/configuration.md`` says how.
"""

from .api_models import ApiModel, ModelType, Status
from .catalog import Catalog, CatalogState
from .discovery import Fetch, Finding
from .kind import capabilities_of, context_of, is_built_in, max_output_of, representative_of, type_of
from .registrar import Registrar
from .snapshot import Snapshot

__all__ = [
    "ApiModel",
    "Catalog",
    "CatalogState",
    "Fetch",
    "Finding",
    "ModelType",
    "Registrar",
    "Snapshot",
    "Status",
    "capabilities_of",
    "context_of",
    "is_built_in",
    "max_output_of",
    "representative_of",
    "type_of",
]
