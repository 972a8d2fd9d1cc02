"""What is known of upstream models, by their names: what they take and refuse, how long they will be there.

The tables are beside this file, one for each maker of models, with the page that each fact is from. A deployment under
a name of its own (Azure's, a proxy's) can't be recognised: ``traits`` in the configuration says it.
"""

from .lookup import OPEN_MODELS, facts_of, lifecycle_of, maker_of, traits_of
from .types import Facts, Lifecycle, Status

__all__ = ["OPEN_MODELS", "Facts", "Lifecycle", "Status", "facts_of", "lifecycle_of", "maker_of", "traits_of"]
