"""Puts what is configured, what was made through the API and what was discovered together into a snapshot."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import islice

import msgspec
from msgspec import structs

from turnout.config.references import resolved
from turnout.config.settings import DeploymentSettings
from turnout.core import Deployment, Model
from turnout.prices import PriceBook
from turnout.providers import Provider, in_process, local_models

from .configured import Configured
from .discovery import LATEST, Discovery
from .ids import IdBook
from .pricing import Pricing
from .snapshot import Snapshot
from .unserved import Unserved


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What was made through the API and may be served, and the names that were taken out of service there."""

    models: Mapping[str, Model] = {}
    off: frozenset[str] = frozenset()


def assemble(
    configured: Configured,
    discovery: Discovery,
    providers: Mapping[str, Provider],
    book: PriceBook,
    ids: IdBook,
    created: int,
    made: Made,
) -> Snapshot:
    """``created`` is the Unix time in seconds that model lists show."""
    factory = configured.factory if configured.settings.discovery else None
    taken = {*configured.models, *configured.aliases, *made.models, *made.off}
    found = _found(configured, discovery, providers, taken) if factory else {}
    models = {**configured.models, **made.models, **found}
    aliases = resolved({**_short_names(found, {*models, *taken}), **configured.aliases})
    pricing = Pricing(providers, book)
    known = Snapshot(models=models, aliases=aliases, keys={}, auth_required=True, direct=factory, off=made.off)
    return Snapshot(
        models=_finished(models, known, pricing, ids, created),
        aliases=aliases,
        keys=configured.keys,
        auth_required=configured.auth_required,
        direct=factory,
        off=made.off,
        price_of=pricing.price_of,
        why=Unserved(configured.factory, discovery, by_discovery=configured.settings.discovery),
    )


def _found(
    configured: Configured, discovery: Discovery, providers: Mapping[str, Provider], taken: Collection[str]
) -> dict[str, Model]:
    """What nobody configured or made: what providers inside this process have, and the discovered models.

    A model that several providers serve has one deployment at each, in the order of discovery.
    """
    inside = (provider for provider in dict.fromkeys(providers.values()) if in_process(provider))
    local = ((provider, model) for provider in inside for model in local_models(provider))
    found: dict[str, list[Deployment]] = {}
    for provider, model in (*local, *discovery.deployments()):
        if model not in taken:
            made = configured.factory.make(provider, DeploymentSettings(provider=provider.name, model=model))
            found.setdefault(model, []).append(made)
    return {name: Model(name=name, deployments=tuple(deployments)) for name, deployments in found.items()}


def _short_names(found: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """``llama3`` for ``llama3:latest``, as Ollama's own clients may say."""
    short = {name.removesuffix(LATEST): name for name in found if name.endswith(LATEST)}
    return {alias: name for alias, name in short.items() if alias not in taken}


def _finished(
    models: Mapping[str, Model], known: Snapshot, pricing: Pricing, ids: IdBook, created: int
) -> dict[str, Model]:
    """The models with ids and prices, and without the fallbacks that nobody serves (yet)."""
    drafts = [(name, made) for name, model in models.items() for made in model.deployments]
    assigned = zip(ids.assign(drafts), drafts, strict=True)
    done = (structs.replace(made, id=id_, price=pricing.price_of(made)) for id_, (_, made) in assigned)
    return {
        name: structs.replace(
            model,
            deployments=tuple(islice(done, len(model.deployments))),
            fallbacks=tuple(fallback for fallback in model.fallbacks if known.serves(fallback)),
            created=model.created or created,
        )
        for name, model in models.items()
    }
