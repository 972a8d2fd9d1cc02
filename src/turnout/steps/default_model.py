"""The model of a request that names none."""

from __future__ import annotations

from collections.abc import Awaitable

from msgspec import structs

from turnout.catalog import Catalog
from turnout.engine import Call
from turnout.errors import InvalidRequest
from turnout.providers import registry

_SHOWN = 5  # names in the message


class DefaultModel:
    """Gives a request without a model the default one. Raises ``InvalidRequest`` when there is none."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def __call__(self, call: Call) -> Call | Awaitable[Call]:
        return call if call.request.model else self._with_default(call)

    async def _with_default(self, call: Call) -> Call:
        model = await find_default_model(self._catalog)
        return structs.replace(call, request=structs.replace(call.request, model=model))


async def find_default_model(catalog: Catalog) -> str:
    """The configuration's first model, else the first model of a local server, else one inside this process (``echo``).

    Raises ``InvalidRequest`` when only providers were discovered whose answers cost money: the client has to choose.
    """
    configured = next((name for name in catalog.snapshot.models if catalog.is_configured(name)), None)
    if configured is not None:
        return configured
    await catalog.first_discovery_done.wait()
    findings = [finding for finding in catalog.state().discovery if finding.models]
    local = next((finding.models[0] for finding in findings if registry()[finding.provider].profile.start_hint), None)
    if local is not None:
        return local
    built_in = next(iter(catalog.snapshot.models), None)
    if findings or built_in is None:
        some = ", ".join([model for finding in findings for model in finding.models][:_SHOWN])
        hint = f"Served are, among others: {some}." if some else "The configuration has no models."
        raise InvalidRequest(f"Say which model. {hint}", param="model")
    return built_in
