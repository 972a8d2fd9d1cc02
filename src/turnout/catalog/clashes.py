"""Names that both the files and the API use: which model is served, and what is reported.

Nobody takes a name over in silence. A new model of the API can't have a name of the files, and changed files can't
have the name of a model of the API. If both have the name all the same (at a start, or after a change on another host),
the files' model is served, and ``/health`` reports the clash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from turnout.errors import ConfigError

from .api_models import ApiModel, model_of
from .assembly import ServableApiModels
from .configured import Configured
from .snapshot import Snapshot

_CLASH: Final = "this name is taken by a model made through the API; rename one, or DELETE /api/models/{}"

ApiModels = Mapping[str, ApiModel]


def servable(
    api_models: ApiModels, unreadable: Collection[str], configured: Configured, variables: Mapping[str, str]
) -> ServableApiModels:
    """The active models whose name the files don't have and whose provider is known.

    The ``unreadable`` ones keep their names: nobody else's key pays for what is asked of them.
    """
    models = {}
    out_of_service = {id_ for id_ in unreadable if id_ not in api_models and id_ not in configured.locations}
    for id_, api_model in api_models.items():
        if id_ in configured.locations:
            continue
        model = model_of(api_model, configured.factory, variables) if api_model.status == "active" else None
        if model is None:
            out_of_service.add(id_)
        else:
            models[id_] = model
    return ServableApiModels(models=models, out_of_service=frozenset(out_of_service))


def refuse_new_clashes(api_models: ApiModels, before: Configured, after: Configured) -> None:
    """Raises ``ConfigError`` when changed files take names of models made through the API."""
    taken = [id_ for id_ in api_models if id_ in after.locations and id_ not in before.locations]
    if taken:
        raise ConfigError("\n".join(_clash(id_, after) for id_ in taken))


def problems(api_models: ApiModels, configured: Configured, snapshot: Snapshot) -> Iterator[str]:
    for id_, api_model in api_models.items():
        if id_ in configured.locations:
            yield _clash(id_, configured)
        elif api_model.status == "active" and id_ not in snapshot.models:
            yield f"the model '{id_}', made through the API, can't be served: no such provider here, or no address"


def _clash(id_: str, configured: Configured) -> str:
    return f"{configured.locations[id_]}: {_CLASH.format(id_)}"
