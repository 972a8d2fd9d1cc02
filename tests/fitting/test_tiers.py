"""Tiers of service are said in the provider's own words."""

from __future__ import annotations

import pytest
from msgspec import Raw, structs

from .fitted import EVERYTHING, asking, fitted_chat, named

FIELDS = {"openai": "service_tier", "anthropic": "service_tier", "gemini": "serviceTier"}


def tier(namespace: str, word: str) -> dict[str, dict[str, Raw]]:
    return {namespace: {FIELDS[namespace]: Raw(f'"{word}"'.encode())}}


@pytest.mark.parametrize(
    ("source", "word", "target", "right"),
    [
        ("openai", "flex", "gemini", "flex"),
        ("openai", "priority", "gemini", "priority"),
        ("openai", "default", "gemini", "standard"),
        ("openai", "default", "anthropic", "standard_only"),
        ("anthropic", "standard_only", "openai", "default"),
        ("anthropic", "standard_only", "gemini", "standard"),
        ("gemini", "flex", "openai", "flex"),
        ("gemini", "priority", "openai", "priority"),
        ("gemini", "standard", "anthropic", "standard_only"),
    ],
)
def test_the_same_tier(source: str, word: str, target: str, right: str) -> None:
    support = structs.replace(EVERYTHING, namespace=target, service_tiers=True)
    request = asking(extensions=tier(source, word))
    extensions = fitted_chat(request, support).extensions or {}
    assert extensions[target] == tier(target, right)[target]
    assert named(request, support) == []


@pytest.mark.parametrize(
    ("source", "word", "target", "left_out"),
    [
        ("openai", "flex", "anthropic", ["service_tier"]),
        ("openai", "scale", "gemini", ["service_tier"]),
        ("gemini", "priority", "anthropic", ["serviceTier"]),
        ("openai", "auto", "gemini", []),
        ("anthropic", "auto", "openai", []),
        ("gemini", "unspecified", "openai", []),
    ],
)
def test_a_tier_that_the_provider_does_not_have(source: str, word: str, target: str, left_out: list[str]) -> None:
    support = structs.replace(EVERYTHING, namespace=target, service_tiers=True)
    request = asking(extensions=tier(source, word))
    assert target not in (fitted_chat(request, support).extensions or {})
    assert named(request, support) == left_out


def test_a_provider_without_tiers() -> None:
    request = asking(extensions=tier("gemini", "flex"))
    assert named(request, structs.replace(EVERYTHING, namespace="openai")) == ["serviceTier"]


def test_a_value_that_is_no_word() -> None:
    request = asking(extensions={"openai": {"service_tier": Raw(b"7")}})
    assert named(request, structs.replace(EVERYTHING, namespace="gemini", service_tiers=True)) == ["service_tier"]


def test_the_providers_own_word_stays() -> None:
    support = structs.replace(EVERYTHING, namespace="openai", service_tiers=True)
    request = asking(extensions=tier("openai", "scale"))
    assert fitted_chat(request, support).extensions == tier("openai", "scale")
