"""The facts about upstream models, by their names: what they accept and refuse, and until when they are served.

The tables are beside this file, one for each maker of models, with the page of each fact. A deployment with a name of
its own (Azure's, a proxy's) can't be recognised: ``traits`` in the configuration state its facts.
"""

from .lookup import OPEN_MODELS, facts_of, lifecycle_of, maker_of, traits_of
from .prefills import Way, told_way_of, way_of
from .types import Facts, Lifecycle, Status
from .vendors import vendor_of

__all__ = [
    "OPEN_MODELS",
    "Facts",
    "Lifecycle",
    "Status",
    "Way",
    "facts_of",
    "lifecycle_of",
    "maker_of",
    "told_way_of",
    "traits_of",
    "vendor_of",
    "way_of",
]
