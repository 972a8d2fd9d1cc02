"""The models that a client may ask for, and the keys that clients have."""

from __future__ import annotations

import msgspec

from .deployment import Deployment


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """``fallbacks`` are names of models to try when every deployment has failed.

    ``strict``: a request that a deployment can't be told as the client said it isn't sent there.
    """

    name: str
    deployments: tuple[Deployment, ...]
    policy: str = "order"
    fallbacks: tuple[str, ...] = ()
    strict: bool = False
    created: int = 0


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """An API key. ``digest`` is the SHA-256 of its secret. ``models`` are shell-style patterns; empty allows all.

    A key with ``admin`` may change which models are served. ``strict`` is like a model's.
    """

    id: str
    digest: bytes
    user: str = ""
    tier: str = ""
    budget: int | None = None  # picodollars
    models: tuple[str, ...] = ()
    admin: bool = False
    strict: bool = False
