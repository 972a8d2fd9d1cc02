"""Every deployment with its state, for an admin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from turnout.catalog import Snapshot
from turnout.core import Deployment
from turnout.marks import HandMark, MarkSheet
from turnout.routing import Board, Health, LiveFigures, figures_of, health_of
from turnout.telemetry import MarkTally


class DeploymentRow(msgspec.Struct, frozen=True, kw_only=True):
    """``models`` are those that it is configured or discovered for; none for one that isn't served any more.

    ``health`` and ``figures`` are those of the process that answers. ``mark`` holds in all of them: ``by_hand`` is its
    state, which becomes ``drained``, and ``under_way`` counts the requests of all processes there.
    """

    id: str
    provider: str | None
    model: str | None
    models: tuple[str, ...]
    mark: HandMark | None
    by_hand: str | None
    under_way: int | None
    health: Health
    figures: LiveFigures


class DeploymentList(msgspec.Struct, frozen=True, kw_only=True):
    """``marks_problem`` says why the marks wouldn't outlive the control process, None if they would."""

    data: tuple[DeploymentRow, ...]
    marks_problem: str | None


class Served(NamedTuple):
    """The deployments of all models by id, and the names of the models that each is for."""

    deployments: Mapping[str, Deployment]
    models: Mapping[str, Sequence[str]]


States = Mapping[str, tuple[Health, LiveFigures]]
"""Of the deployments that were asked or marked, by id."""

Marked = Mapping[str, tuple[str, MarkTally]]
"""Of the deployments that are marked: the state, and what is under way there."""


def served_by(snapshot: Snapshot) -> Served:
    deployments: dict[str, Deployment] = {}
    models: dict[str, list[str]] = {}
    for model in snapshot.models.values():
        for deployment in model.deployments:
            deployments[deployment.id] = deployment
            models.setdefault(deployment.id, []).append(model.name)
    return Served(deployments, models)


def states_of(served: Served, board: Board, clock: float) -> States:
    """Read it in the event loop, which changes the board. ``clock`` is the Unix time in seconds."""
    return {
        id_: (health_of(deployment, board, clock), figures_of(deployment, board))
        for id_, deployment in served.deployments.items()
        if id_ in board.marks or board.known(deployment) is not None
    }


def listed(served: Served, states: States, sheet: MarkSheet, marked: Marked) -> DeploymentList:
    """In the order of the configuration, then those that are marked and not in it."""
    ids = [*served.deployments, *(id_ for id_ in sheet.marks if id_ not in served.deployments)]
    rows = tuple([_row(id_, served, states, sheet, marked) for id_ in ids])
    return DeploymentList(data=rows, marks_problem=sheet.problem)


def _row(id_: str, served: Served, states: States, sheet: MarkSheet, marked: Marked) -> DeploymentRow:
    deployment, mark = served.deployments.get(id_), sheet.marks.get(id_)
    by_hand, load = marked.get(id_, (None, None))
    unknown = Health(by_hand=None if mark is None else mark.state), LiveFigures()
    health, figures = states.get(id_, unknown)
    return DeploymentRow(
        id=id_,
        provider=None if deployment is None else deployment.provider,
        model=None if deployment is None else deployment.model,
        models=tuple(served.models.get(id_, ())),
        mark=mark,
        by_hand=by_hand,
        under_way=None if load is None else load.under_way,
        health=health,
        figures=figures,
    )
