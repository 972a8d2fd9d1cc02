"""The places to ask for models. A place is an address with a key; several deployments can share one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec

from turnout.catalog import Catalog
from turnout.core import Deployment
from turnout.providers import WireProvider, in_process, is_local, registry
from turnout.transport import address_of


class Use(msgspec.Struct, frozen=True):
    """A configured model, and its deployment at this place."""

    model: str
    deployment: Deployment


class Place(msgspec.Struct, frozen=True):
    """``deployment`` has the address and the key to ask with. ``uses`` are the configured deployments there."""

    provider: WireProvider
    deployment: Deployment
    uses: list[Use]

    @property
    def address(self) -> str:
        """The address without the parts of a URL that can be secret."""
        return address_of(self.deployment.base_url)

    @property
    def is_default(self) -> bool:
        """Whether it is the provider's default address."""
        return self.deployment.base_url == self.provider.profile.base_url.rstrip("/")

    @property
    def is_expected(self) -> bool:
        """Whether the operator has configured it. Nobody configures local servers at their default addresses."""
        return bool(self.uses) or not is_local(self.provider) or not self.is_default


def places_of(catalog: Catalog) -> Sequence[Place]:
    """The places of configured deployments, and those that discovery asks."""
    skipped = {finding.provider for finding in catalog.state().discovery if finding.outcome == "skipped"}
    places = {
        _identity(target.deployment): Place(target.provider, target.deployment, [])
        for target in catalog.targets()
        if target.provider.name not in skipped
    }
    for name, model in catalog.snapshot.models.items():
        if not catalog.is_configured(name):
            continue
        for deployment in model.deployments:
            provider = registry()[deployment.provider]
            if not in_process(provider):
                new = Place(cast(WireProvider, provider), deployment, [])
                places.setdefault(_identity(deployment), new).uses.append(Use(name, deployment))
    return list(places.values())


def _identity(deployment: Deployment) -> tuple[object, ...]:
    headers = tuple(sorted(deployment.headers.items()))
    return (
        deployment.provider,
        deployment.base_url,
        deployment.api_key,
        deployment.api_version,
        headers,
        deployment.network,
    )
