"""Ollama's routes besides inference (https://docs.ollama.com/api): whether it runs, and which models it serves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from msgspec import structs

from turnout.catalog import Catalog, context_of, representative_of, type_of
from turnout.core import Deployment, Model
from turnout.dialects import ServedModel, registry
from turnout.errors import InvalidRequest, UnknownModel, UpstreamError
from turnout.gateway import Gateway
from turnout.guard import may_use
from turnout.providers import describes
from turnout.providers import registry as providers
from turnout.server.access import key_of
from turnout.server.control.one_at_a_time import OneAtATime

API_VERSION = "0.13.4"
"""The version of Ollama whose API this is. Clients check it. It is the first one with OpenAI's Responses."""


_OLLAMA: Final = "ollama"
_SECONDS: Final = 5.0

_CAPABILITY_BESIDE_CHAT = {"embedding": "embedding", "image": "image", "audio": "audio"}


Fields = dict[str, msgspec.Raw]
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NAME: Final = msgspec.json.Decoder(str)
_SHOW_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object", "properties": {"model": {"type": "string"}}}}},
    }
}


def router(gateway: Gateway, one_at_a_time: OneAtATime) -> APIRouter:
    routes = APIRouter(tags=["ollama"])

    @routes.get("/", include_in_schema=False)
    async def is_running() -> PlainTextResponse:
        """Ollama's clients ask this first. Some look for the words."""
        return PlainTextResponse("Turnout is running. For Ollama's clients: Ollama is running.\n")

    @routes.get("/api/version")
    async def version() -> dict[str, str]:
        """The version of Ollama's API that is spoken here."""
        return {"version": API_VERSION}

    @routes.get("/api/tags")
    async def list_models(request: Request) -> Response:
        """Every name that this key may ask for."""
        key, snapshot = key_of(request), gateway.snapshot

        def list_body() -> bytes:
            served = [
                _served(name, model, gateway.catalog)
                for name, model in snapshot.served()
                if may_use(key, name, snapshot)
            ]
            return registry()["ollama"].models(served)

        return Response(await one_at_a_time(list_body), media_type="application/json")

    @routes.get("/api/ps")
    async def list_loaded() -> dict[str, list[Any]]:
        """The models in memory. There are none: Turnout runs no models."""
        return {"models": []}

    @routes.post("/api/show", openapi_extra=_SHOW_BODY)
    async def show(request: Request) -> Response:
        """The known facts of a model, or what the Ollama says that serves it. Clients such as curl name no type of
        their JSON, or a wrong one.
        """
        key, fields = key_of(request), _fields_of(await request.body())
        name = _name_in(fields)
        if not may_use(key, name, gateway.snapshot):
            raise UnknownModel(name)
        model = gateway.snapshot.find(name)
        shown = await _shown_by_ollama(model, fields, gateway)
        return Response(shown or msgspec.json.encode(_show_reply(model)), media_type="application/json")

    return routes


def _fields_of(body: bytes) -> Fields:
    try:
        return _FIELDS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest("The body is not a JSON object.") from error


def _name_in(fields: Fields) -> str:
    """Older clients send ``name`` in place of ``model``."""
    for field in ("model", "name"):
        try:
            name = _NAME.decode(fields.get(field, b'""'))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidRequest(f"Invalid '{field}': expected a text.", param=field) from error
        if name:
            return name
    raise InvalidRequest("Invalid 'model': a model's name is missing.", param="model")


def _served(name: str, model: Model, catalog: Catalog) -> ServedModel:
    deployment = representative_of(model)
    details = catalog.description_of(deployment).details
    return ServedModel(id=name, provider=deployment.provider, created=model.created, details=details)


async def _shown_by_ollama(model: Model, fields: Fields, gateway: Gateway) -> bytes | None:
    """The Ollama's own reply, to the client's own fields. None where none serves the model, or it doesn't say it."""
    deployment = representative_of(model)
    provider = providers()[deployment.provider]
    if provider.name != _OLLAMA or not describes(provider):
        return None
    own = {field: value for field, value in fields.items() if field != "name"}
    body = msgspec.json.encode(own | {"model": deployment.model})
    asked = structs.replace(provider.describe(deployment), body=body)
    try:
        status, _, shown = await gateway.fetch(asked.through(deployment.network), _SECONDS)
    except UpstreamError:
        return None  # what is known of the model is told all the same
    return shown if status == 200 else None


def _show_reply(model: Model) -> dict[str, Any]:
    deployment, context = representative_of(model), context_of(model)
    info: dict[str, Any] = {"general.architecture": deployment.provider, "general.basename": deployment.model}
    if context is not None:
        info[f"{deployment.provider}.context_length"] = context
    details = {"format": "", "family": deployment.provider, "families": [deployment.provider]}
    reply: dict[str, Any] = {
        "modelfile": "",
        "parameters": "",
        "template": "",
        "details": {"parent_model": "", **details, "parameter_size": "", "quantization_level": ""},
        "model_info": info,
        "capabilities": _capabilities(model),
        "modified_at": datetime.fromtimestamp(model.created, UTC),
    }
    if deployment.provider != _OLLAMA:  # `ollama run` loads no model that has a remote host
        reply |= {"remote_model": deployment.model, "remote_host": deployment.provider}
    return reply


def _capabilities(model: Model) -> list[str]:
    """Ollama's names. A chat model has a capability when one of its deployments has it, or may have it."""
    type_ = type_of(model)
    if type_ in _CAPABILITY_BESIDE_CHAT:
        return [_CAPABILITY_BESIDE_CHAT[type_]]
    checks = {"tools": _takes_tools, "vision": _takes_images, "thinking": _thinks}
    return ["completion", *(name for name, check in checks.items() if any(map(check, model.deployments)))]


def _takes_tools(deployment: Deployment) -> bool:
    return providers()[deployment.provider].support.tools and deployment.traits.tools


def _takes_images(deployment: Deployment) -> bool:
    inputs = deployment.traits.inputs
    return providers()[deployment.provider].support.image_data and (inputs is None or "image" in inputs)


def _thinks(deployment: Deployment) -> bool:
    """Only models that are known to think: `ollama run` asks them for their thoughts."""
    return deployment.traits.thinking in ("optional", "always")
