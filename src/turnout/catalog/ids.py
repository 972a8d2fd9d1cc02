"""Ids of deployments: ``provider/upstream-model``. More deployments of the same upstream model get ``#2``, ``#3``…"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from turnout.core import Deployment, Secret


class Identity(NamedTuple):
    """A deployment with the same identity after a reload is the same. ``number`` tells equal ones of a model apart."""

    model: str
    provider: str
    upstream: str
    base_url: str
    api_version: str | None
    api_key: Secret | None
    number: int


class IdBook:
    """Remembers ids, so that a deployment keeps its id when others come and go."""

    def __init__(self) -> None:
        self._ids: dict[Identity, str] = {}

    def assign(self, deployments: Iterable[tuple[str, Deployment]]) -> Sequence[str]:
        """An id for each pair of a model's name and a deployment, in order. Absent deployments lose their ids."""
        identities = list(_identities(deployments))
        ids = {identity: self._ids[identity] for identity in identities if identity in self._ids}
        taken = set(ids.values())
        numbers: Counter[str] = Counter()
        for identity in identities:
            if identity not in ids:
                ids[identity] = _unused_id(f"{identity.provider}/{identity.upstream}", numbers, taken)
        self._ids = ids
        return [ids[identity] for identity in identities]


def _identities(deployments: Iterable[tuple[str, Deployment]]) -> Iterable[Identity]:
    seen: Counter[Identity] = Counter()
    for model, deployment in deployments:
        identity = Identity(
            model,
            deployment.provider,
            deployment.model,
            deployment.base_url,
            deployment.api_version,
            deployment.api_key,
            number=0,
        )
        yield identity._replace(number=seen[identity])
        seen[identity] += 1


def _unused_id(base: str, numbers: Counter[str], taken: set[str]) -> str:
    while True:
        numbers[base] += 1
        id_ = base if numbers[base] == 1 else f"{base}#{numbers[base]}"
        if id_ not in taken:
            taken.add(id_)
            return id_
