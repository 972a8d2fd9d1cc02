"""What Ollama's clients ask besides answers (https://docs.ollama.com/api): is it there, what does it serve."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from turnout.catalog import context_of, representative_of, type_of
from turnout.core import Deployment, Model
from turnout.dialects import ServedModel, registry
from turnout.errors import InvalidRequest, UnknownModel
from turnout.facts import facts_of
from turnout.gateway import Gateway
from turnout.guard import may_use
from turnout.providers import registry as providers
from turnout.server.access import key_of
from turnout.server.control.aside import Aside

API_VERSION = "0.13.4"
"""The Ollama whose API this is: clients look whether it is new enough. It was the first with OpenAI's Responses."""


_NOT_CHATTING = {"embedding": "embedding", "image": "image", "audio": "audio"}


class Asked(BaseModel):
    """``name`` is what older clients say in place of ``model``."""

    model: str = ""
    name: str = ""


def router(gateway: Gateway, aside: Aside) -> APIRouter:
    routes = APIRouter(tags=["ollama"])

    @routes.get("/", include_in_schema=False)
    async def is_running() -> PlainTextResponse:
        """The first thing that Ollama's clients ask; some look for its words."""
        return PlainTextResponse("Turnout is running. For Ollama's clients: Ollama is running.\n")

    @routes.get("/api/version")
    async def version() -> dict[str, str]:
        """The version of Ollama's API that is spoken here."""
        return {"version": API_VERSION}

    @routes.get("/api/tags")
    async def list_models(request: Request) -> Response:
        """Every name that this key may ask for."""
        key, snapshot = key_of(request), gateway.snapshot

        def listed() -> bytes:
            served = [
                ServedModel(id=name, provider=representative_of(model).provider, created=model.created)
                for name, model in snapshot.served()
                if may_use(key, name, snapshot)
            ]
            return registry()["ollama"].models(served)

        return Response(await aside(listed), media_type="application/json")

    @routes.get("/api/ps")
    async def list_loaded() -> dict[str, list[Any]]:
        """The models in memory: none, as none are run here."""
        return {"models": []}

    @routes.post("/api/show")
    async def show(asked: Asked, request: Request) -> dict[str, Any]:
        """What is known of a model."""
        key = key_of(request)
        name = asked.model or asked.name
        if not name:
            raise InvalidRequest("Invalid 'model': a model's name is missing.", param="model")
        if not may_use(key, name, gateway.snapshot):
            raise UnknownModel(name)
        return _shown(gateway.snapshot.find(name))

    return routes


def _shown(model: Model) -> dict[str, Any]:
    first, context = representative_of(model), context_of(model)
    info: dict[str, Any] = {"general.architecture": first.provider, "general.basename": first.model}
    if context is not None:
        info[f"{first.provider}.context_length"] = context
    details = {"format": "", "family": first.provider, "families": [first.provider]}
    shown: dict[str, Any] = {
        "modelfile": "",
        "parameters": "",
        "template": "",
        "details": {"parent_model": "", **details, "parameter_size": "", "quantization_level": ""},
        "model_info": info,
        "capabilities": _capabilities(model),
        "modified_at": datetime.fromtimestamp(model.created, UTC),
    }
    if first.provider != "ollama":  # then nothing has to be loaded, as `ollama run` else would
        shown |= {"remote_model": first.model, "remote_host": first.provider}
    return shown


def _capabilities(model: Model) -> list[str]:
    """In Ollama's words; of a chat model, what one of its deployments can do or isn't known to be unable to."""
    type_ = type_of(model)
    if type_ in _NOT_CHATTING:
        return [_NOT_CHATTING[type_]]
    found = {"tools": _calls, "vision": _sees, "thinking": _thinks}
    return ["completion", *(word for word, can in found.items() if any(can(at) for at in model.deployments))]


def _calls(at: Deployment) -> bool:
    return providers()[at.provider].support.tools


def _sees(at: Deployment) -> bool:
    inputs = at.traits.inputs
    return providers()[at.provider].support.image_data and (inputs is None or "image" in inputs)


def _thinks(at: Deployment) -> bool:
    """`ollama run` asks for thoughts where it is told that there are some: they have to be known."""
    return facts_of(at.provider, at.model).thinking in ("optional", "always")
