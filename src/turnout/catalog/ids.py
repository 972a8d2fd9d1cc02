"""Ids of deployments: ``provider/upstream-model``, with ``#2``, ``#3``… for further ones of the same upstream model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from turnout.core import Deployment, Secret


class Identity(NamedTuple):
    """What makes a deployment the same one after a reload. ``number`` tells exact twins of one model apart."""

    model: str
    provider: str
    upstream: str
    base_url: str
    api_version: str | None
    api_key: Secret | None
    number: int


class IdBook:
    """Remembers who has which id, so that a deployment keeps its own when others come and go."""

    def __init__(self) -> None:
        self._ids: dict[Identity, str] = {}

    def assign(self, deployments: Iterable[tuple[str, Deployment]]) -> Sequence[str]:
        """An id for each deployment (with its model's name), in order. Those that aren't here give theirs up."""
        identities = list(_identities(deployments))
        ids = {identity: self._ids[identity] for identity in identities if identity in self._ids}
        taken = set(ids.values())
        numbers: Counter[str] = Counter()
        for identity in identities:
            if identity not in ids:
                ids[identity] = _free(f"{identity.provider}/{identity.upstream}", numbers, taken)
        self._ids = ids
        return [ids[identity] for identity in identities]


def _identities(deployments: Iterable[tuple[str, Deployment]]) -> Iterable[Identity]:
    twins: Counter[Identity] = Counter()
    for model, made in deployments:
        first = Identity(model, made.provider, made.model, made.base_url, made.api_version, made.api_key, 0)
        yield first._replace(number=twins[first])
        twins[first] += 1


def _free(plain: str, numbers: Counter[str], taken: set[str]) -> str:
    while True:
        numbers[plain] += 1
        id_ = plain if numbers[plain] == 1 else f"{plain}#{numbers[plain]}"
        if id_ not in taken:
            taken.add(id_)
            return id_
