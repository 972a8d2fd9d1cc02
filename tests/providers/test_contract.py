"""What all providers that are found have to keep to together; test_shipped_contract.py looks at each alone."""

from __future__ import annotations

from tests.support.contract import ENDPOINTS, PROVIDERS, each_wire_provider
from turnout import providers
from turnout.providers import WireProvider


def test_names_and_aliases_are_unique() -> None:
    names = [name for provider in PROVIDERS.values() for name in (provider.name, *provider.profile.aliases)]
    assert len(names) == len(set(names)) == len(providers.registry())


@each_wire_provider
def test_a_wire_that_a_dialect_speaks_is_relayed(provider: WireProvider) -> None:
    assert hasattr(provider, "relay") or provider.wire not in ENDPOINTS
