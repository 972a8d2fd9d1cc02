"""Models made through the API beside the files: which of them are served, and what is wrong where both have a name.

A name is never taken over in silence. Who comes second is refused: a model that is made under a name of the files, a
changed file that brings the name of a model. Where nobody can be refused (both are there at a start, or another host's
database brings it), the files' is served, the other one isn't, and ``/health`` names both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from turnout.errors import ConfigError

from .api_models import ApiModel, model_of
from .assembly import Made
from .configured import Configured
from .snapshot import Snapshot

_CLASH: Final = "this name is taken by a model made through the API; rename one, or DELETE /api/models/{}"

ApiModels = Mapping[str, ApiModel]


def servable(made: ApiModels, configured: Configured, variables: Mapping[str, str]) -> Made:
    free = {id_: one for id_, one in made.items() if id_ not in configured.places}
    active = {id_: model_of(one, configured.factory, variables) for id_, one in free.items() if one.status == "active"}
    models = {id_: model for id_, model in active.items() if model is not None}
    return Made(models=models, off=frozenset(free.keys() - models.keys()))


def refuse_new_clashes(made: ApiModels, before: Configured, after: Configured) -> None:
    """Raises ``ConfigError`` for names that were free for models made through the API until now."""
    taken = [id_ for id_ in made if id_ in after.places and id_ not in before.places]
    if taken:
        raise ConfigError("\n".join(_clash(id_, after) for id_ in taken))


def problems(made: ApiModels, configured: Configured, snapshot: Snapshot) -> Iterator[str]:
    for id_, one in made.items():
        if id_ in configured.places:
            yield _clash(id_, configured)
        elif one.status == "active" and id_ not in snapshot.models:
            yield f"the model '{id_}', made through the API, can't be served: no such provider here, or no address"


def _clash(id_: str, configured: Configured) -> str:
    return f"{configured.places[id_]}: {_CLASH.format(id_)}"
