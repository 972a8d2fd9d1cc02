"""Ollama's routes besides inference (https://docs.ollama.com/api): whether it runs, and which models it serves."""

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
from turnout.server.control.one_at_a_time import OneAtATime

API_VERSION = "0.13.4"
"""The version of Ollama whose API this is. Clients check it. It is the first one with OpenAI's Responses."""


_CAPABILITY_BESIDE_CHAT = {"embedding": "embedding", "image": "image", "audio": "audio"}


class ShowRequest(BaseModel):
    """Older clients send ``name`` in place of ``model``."""

    model: str = ""
    name: str = ""


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
                ServedModel(id=name, provider=representative_of(model).provider, created=model.created)
                for name, model in snapshot.served()
                if may_use(key, name, snapshot)
            ]
            return registry()["ollama"].models(served)

        return Response(await one_at_a_time(list_body), media_type="application/json")

    @routes.get("/api/ps")
    async def list_loaded() -> dict[str, list[Any]]:
        """The models in memory. There are none: Turnout runs no models."""
        return {"models": []}

    @routes.post("/api/show")
    async def show(body: ShowRequest, request: Request) -> dict[str, Any]:
        """The known facts of a model."""
        key = key_of(request)
        name = body.model or body.name
        if not name:
            raise InvalidRequest("Invalid 'model': a model's name is missing.", param="model")
        if not may_use(key, name, gateway.snapshot):
            raise UnknownModel(name)
        return _show_reply(gateway.snapshot.find(name))

    return routes


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
    if deployment.provider != "ollama":  # `ollama run` loads no model that has a remote host
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
    return providers()[deployment.provider].support.tools


def _takes_images(deployment: Deployment) -> bool:
    inputs = deployment.traits.inputs
    return providers()[deployment.provider].support.image_data and (inputs is None or "image" in inputs)


def _thinks(deployment: Deployment) -> bool:
    """Only models that are known to think: `ollama run` asks them for their thoughts."""
    return facts_of(deployment.provider, deployment.model).thinking in ("optional", "always")
