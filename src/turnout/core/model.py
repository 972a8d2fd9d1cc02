"""The models that a client may ask for, and the keys that clients have."""

from __future__ import annotations

from typing import Literal

import msgspec

from .allowances import UNLIMITED, Allowance
from .caching import CacheMode
from .deployment import Deployment

Midstream = Literal["continue", "restart", "error"]
"""``continue``: another deployment goes on from what the client has. ``restart``: it answers anew, and what the client
has is left out. ``error``: the client gets an error.
"""

Upstream = Literal["as_asked", "stream"]

Unpriced = Literal["allow", "refuse"]
"""Whether a request may go to a deployment whose price isn't known."""

OnContentFilter = Literal["pass", "fallback"]

Affinity = Literal["cache", "session", "off"]
"""What keeps a conversation at one deployment: a cached read that is cheaper, the name of its session, or nothing."""


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """How much each measure of the policy ``balanced`` counts."""

    cost: float = 1
    confidence: float = 1
    load: float = 1
    resources: float = 1


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """``fallbacks`` are names of models to try when every deployment has failed.

    ``weights`` are for the policy ``balanced``. ``needs_tags``: only deployments that have all of them serve it.

    ``strict``: a request that a deployment can't be told as the client said it isn't sent there.
    ``midstream``: what becomes of an answer that breaks off after a part of it has gone out. ``upstream``: whether
    deployments are asked for a stream where the client wants a whole answer. ``on_content_filter``: whether the client
    gets a provider's refusal by content policy, or another deployment is asked. ``hedge``: a second deployment is asked
    while the first one is late with its first word. ``unpriced`` holds for the fallbacks, too.
    ``cache`` says which of its answers are kept, where a cache is on.
    """

    name: str
    deployments: tuple[Deployment, ...]
    policy: str = "order"
    weights: Weights = Weights()
    affinity: Affinity = "cache"
    needs_tags: frozenset[str] = frozenset()
    fallbacks: tuple[str, ...] = ()
    strict: bool = False
    midstream: Midstream = "continue"
    upstream: Upstream = "as_asked"
    on_content_filter: OnContentFilter = "pass"
    hedge: bool = False
    unpriced: Unpriced = "allow"
    cache: CacheMode = "deterministic"
    created: int = 0


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks. It is an API key, or stands for a token of somebody who has none.

    ``digest`` is the SHA-256 of its secret; empty where there is none. ``expires`` is a Unix time in seconds: from then
    on it is refused. ``allowance`` is its own; those of its ``user``, ``team`` and ``tier`` hold, too.

    Its requests go only to deployments that have all of its ``needs_tags``. A key with ``admin`` may change which
    models are served, an ``auditor`` may read all that an admin may. ``strict`` is like a model's. ``trusted``: its
    requests may say for which end user they are, and with which tags they are to be recorded. ``tags`` and ``metadata``
    are the operator's own notes.
    """

    id: str
    digest: bytes
    user: str = ""
    team: str = ""
    tier: str = ""
    expires: int | None = None
    allowance: Allowance = UNLIMITED
    needs_tags: frozenset[str] = frozenset()
    admin: bool = False
    auditor: bool = False
    strict: bool = False
    trusted: bool = False
    tags: frozenset[str] = frozenset()
    metadata: dict[str, str] = {}
