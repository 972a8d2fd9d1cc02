"""Keeps a conversation where it is, so that its beginning is read from the provider's cache.

Each conversation has an order of the deployments of its own, by rendezvous hashing: no table is kept, every process
comes to the same order, and a deployment that goes away moves only its own conversations
(https://en.wikipedia.org/wiki/Rendezvous_hashing). The load is bounded: a deployment that has more than its share of
the attempts in flight sends new requests on to the next one (https://arxiv.org/abs/1608.01350).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from turnout.core import Deployment, Model

from .board import Board
from .candidates import Candidate
from .question import Question

_MOST_OF_ITS_SHARE: Final = 1.25
_LIGHT_LOAD: Final = 4
"""Attempts in flight that move no conversation, whatever the others have."""

_HASHES: Final = 2**64


def draws(deployments: Sequence[Deployment], thread: bytes) -> Sequence[float]:
    """A number between 0 and 1 for each deployment, always the same for a conversation."""
    return [
        (int.from_bytes(blake2b(d.id.encode(), digest_size=8, key=thread).digest(), "big") + 1) / (_HASHES + 1)
        for d in deployments
    ]


def ranked_for(deployments: Sequence[Deployment], thread: bytes) -> Sequence[Deployment]:
    """The conversation's own order: it begins at each deployment as often as the weights say."""
    drawn = zip(draws(deployments, thread), deployments, strict=True)
    return [d for _, d in sorted(drawn, key=lambda pair: pair[0] ** (1 / pair[1].weight), reverse=True)]


def home_of(model: Model, question: Question, board: Board) -> Deployment | None:
    """The deployment that this conversation belongs to. None where nothing is gained by keeping it there: no cached
    read is cheaper, or all deployments have the same cache.
    """
    if model.affinity == "off" or not is_worth_it(model.deployments):
        return None
    thread = question.thread
    return None if thread is None else _first_with_room(ranked_for(model.deployments, thread), board)


def is_worth_it(deployments: Sequence[Deployment]) -> bool:
    """Whether a cached read is cheaper, and the deployments have caches of their own."""
    prices = [d.price for d in deployments if d.price is not None and d.price.cached_input is not None]
    if not [price for price in prices if (price.cached_input or 0) < price.input]:
        return False
    first = _cache_of(deployments[0])
    return any(_cache_of(d) != first for d in deployments[1:])


def _cache_of(deployment: Deployment) -> tuple[object, ...]:
    """Providers cache by account and model."""
    return deployment.provider, deployment.base_url, deployment.api_key, deployment.model


def _first_with_room(ranked: Sequence[Deployment], board: Board) -> Deployment:
    """There is always one: not all can have more than their share."""
    loads = [board.of(deployment).load for deployment in ranked]
    each = _MOST_OF_ITS_SHARE * (sum(loads) + 1) / sum(deployment.weight for deployment in ranked)
    return next(
        deployment
        for deployment, load in zip(ranked, loads, strict=True)
        if load < max(math.ceil(each * deployment.weight), _LIGHT_LOAD)
    )


def at_home(candidates: Sequence[Candidate], home: Deployment | None) -> Sequence[Candidate]:
    """The candidates with ``home`` first."""
    if home is None:
        return candidates
    first = [c.because("this conversation's home") for c in candidates if c.deployment.id == home.id]
    return [*first, *(c for c in candidates if c.deployment.id != home.id)]
