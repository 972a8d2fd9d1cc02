"""Puts configured models, models made through the API and discovered models together into a snapshot."""

from __future__ import annotations

import time
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
from .descriptions import Descriptions, described
from .discovery import LATEST, Discovery
from .ids import IdBook
from .patterns import Patterns
from .pricing import Pricing
from .snapshot import Complete, Snapshot
from .unserved import UnservedReasons


class ServableApiModels(msgspec.Struct, frozen=True, kw_only=True):
    """The API's models that can be served, by id, and the ids that the API keeps out of service."""

    models: Mapping[str, Model] = {}
    out_of_service: frozenset[str] = frozenset()


class Assembler:
    """Deployments keep their ids from one snapshot to the next."""

    def __init__(self, providers: Mapping[str, Provider], descriptions: Descriptions) -> None:
        self._providers = providers
        self._descriptions = descriptions
        self._ids = IdBook()
        self._created = int(time.time())  # the date of models that have none of their own in model lists

    def assemble(
        self, configured: Configured, discovery: Discovery, api_models: ServableApiModels, book: PriceBook
    ) -> Snapshot:
        factory = configured.factory if configured.settings.discovery else None
        taken = {*configured.models, *configured.aliases, *api_models.models, *api_models.out_of_service}
        discovered = self._discovered(configured, discovery, taken) if factory else {}
        models = {**configured.models, **api_models.models, **discovered}
        aliases = resolved({**_short_names(discovered, {*models, *taken}), **configured.aliases})
        pricing = Pricing(self._providers, book)

        def complete(deployment: Deployment) -> Deployment:
            priced = structs.replace(deployment, price=pricing.price_of(deployment))
            return described(priced, self._descriptions.of(priced))

        draft = Snapshot(
            models=models,
            aliases=aliases,
            keys={},
            auth_required=True,
            direct_factory=factory,
            out_of_service=api_models.out_of_service,
        )
        reasons = UnservedReasons(configured.factory, discovery, discovers=configured.settings.discovery)
        return Snapshot(
            models=self._finished(models, draft, complete),
            aliases=aliases,
            keys=configured.keys,
            rules=configured.rules,
            auth_required=configured.auth_required,
            direct_factory=factory,
            out_of_service=api_models.out_of_service,
            complete=complete,
            why_unserved=reasons.reason,
        )

    def _discovered(self, configured: Configured, discovery: Discovery, taken: Collection[str]) -> dict[str, Model]:
        """The models of providers inside this process, and the models that discovery found.

        A model that several providers serve has one deployment at each, in the order of discovery. Names that an alias
        with a ``*`` stands for are left out, unless an alias leads to them.
        """
        inside = (provider for provider in dict.fromkeys(self._providers.values()) if in_process(provider))
        built_in = ((provider, model) for provider in inside for model in local_models(provider))
        deployments: dict[str, list[Deployment]] = {}
        patterns, targets = Patterns(configured.aliases), {*configured.aliases.values()}
        for provider, model in (*built_in, *discovery.upstream_models()):
            if model not in taken and (model in targets or patterns.match(model) is None):
                settings = DeploymentSettings(provider=provider.name, model=model)
                deployments.setdefault(model, []).append(configured.factory.make(provider, settings))
        return {name: configured.factory.model(name, places) for name, places in deployments.items()}

    def _finished(self, models: Mapping[str, Model], draft: Snapshot, complete: Complete) -> dict[str, Model]:
        """The models complete, with ids and dates, without the fallbacks that the draft doesn't serve (yet)."""
        drafts = [(name, deployment) for name, model in models.items() for deployment in model.deployments]
        assigned = zip(self._ids.assign(drafts), drafts, strict=True)
        finished = (structs.replace(complete(deployment), id=id_) for id_, (_, deployment) in assigned)
        return {
            name: structs.replace(
                model,
                deployments=tuple(islice(finished, len(model.deployments))),
                fallbacks=tuple(fallback for fallback in model.fallbacks if draft.serves(fallback)),
                created=model.created or self._created,
            )
            for name, model in models.items()
        }


def _short_names(names: Iterable[str], taken: Collection[str]) -> dict[str, str]:
    """The alias ``llama3`` for ``llama3:latest``: Ollama's own clients use both names."""
    short = {name.removesuffix(LATEST): name for name in names if name.endswith(LATEST)}
    return {alias: name for alias, name in short.items() if alias not in taken}
