"""Deployments with their state, and what an admin says of them by hand."""

from __future__ import annotations

import time
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from turnout.catalog import Snapshot
from turnout.errors import NotFound, UnknownModel
from turnout.gateway import Gateway
from turnout.marks import MarkFollower
from turnout.server.access import key_of
from turnout.server.control.deployment_rows import listed, served_by, states_of
from turnout.server.control.one_at_a_time import OneAtATime
from turnout.telemetry import SharedMetrics

Id = Annotated[str, Path(description="a deployment's id, as the list and `x-turnout-deployment` have it")]


class MarkBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"mark": "draining"}})

    mark: Literal["open", "closed", "draining"] | None = Field(
        description="`open`: it gets no requests, as if it failed. `draining`: it gets no new ones, and is `drained` "
        "when none is under way any more. `closed`: it gets its requests, whatever fails. "
        "`null`: its health decides again."
    )


def router(gateway: Gateway, marks: MarkFollower, metrics: SharedMetrics, one_at_a_time: OneAtATime) -> APIRouter:
    routes = APIRouter(prefix="/v1/deployments", tags=["deployments"])

    @routes.get("")
    async def list_deployments() -> Response:
        """Every deployment: its state and figures in the process that answers, and its mark, which holds in all."""
        snapshot, sheet, marked = gateway.snapshot, marks.sheet, await metrics.marked()
        served = await one_at_a_time(lambda: served_by(snapshot))
        states = states_of(served, gateway.board, time.time())
        body = await one_at_a_time(lambda: msgspec.json.encode(listed(served, states, sheet, marked)))
        return Response(body, media_type="application/json")

    @routes.put("/{deployment_id:path}")
    async def mark_deployment(deployment_id: Id, body: MarkBody, request: Request) -> Response:
        """Opens, closes or drains a deployment by hand, in every process, until the mark is taken away."""
        if body.mark is not None and not _is_served(deployment_id, gateway.snapshot):
            raise NotFound(f"There is no deployment '{deployment_id}'. GET /v1/deployments lists them.")
        key = key_of(request)
        sheet = await marks.change(deployment_id, body.mark, key.user or key.id)
        mark = sheet.marks.get(deployment_id)
        told = {"id": deployment_id, "mark": mark, "marks_problem": sheet.problem}
        return Response(msgspec.json.encode(told), media_type="application/json")

    return routes


def _is_served(id_: str, snapshot: Snapshot) -> bool:
    """Also for a model that is served by its provider's name, and that nobody configured."""
    if any(deployment.id == id_ for model in snapshot.models.values() for deployment in model.deployments):
        return True
    try:
        return any(deployment.id == id_ for deployment in snapshot.find(id_).deployments)
    except UnknownModel:
        return False
