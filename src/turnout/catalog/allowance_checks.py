"""Checks what keys, users, teams, tiers and models are allowed, and to whom they refer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from turnout.config.allowance_settings import AllowanceSettings, BudgetSettings
from turnout.config.allowances import budget_findings, findings, limit_findings
from turnout.config.document import Document
from turnout.config.expiry import expires_at
from turnout.config.mistakes import KeyPath, Mistake, suggestion
from turnout.config.settings import ModelSettings, Settings
from turnout.config.validation import Finding

TOKEN_PREFIX: Final = "jwt:"  # noqa: S105  # how the names of those begin who come with a token
_NO_DAY: Final = "expected a day and a time that exist"


def allowance_mistakes(settings: Settings, document: Document) -> Iterator[Mistake]:
    for path, finding in _findings(settings):
        yield document.mistake((*path, *finding.path), finding.problem)
    yield from _reference_mistakes(settings, document)
    for number, key in enumerate(settings.keys):
        if key.expires is not None and not _exists(key.expires):
            yield document.mistake(("keys", number, "expires"), _NO_DAY)
        if (key.name or "").startswith(TOKEN_PREFIX):
            problem = f"expected a name that doesn't begin with '{TOKEN_PREFIX}': such are the names of tokens' owners"
            yield document.mistake(("keys", number, "name"), problem)


def budget_references(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """Each model's name under a ``budget_usd``, and where it is written."""
    for path, allowance in _allowances(settings):
        if isinstance(allowance.budget_usd, BudgetSettings):
            yield from (((*path, "budget_usd", "models", name), name) for name in allowance.budget_usd.models)


def _allowances(settings: Settings) -> Iterator[tuple[KeyPath, AllowanceSettings]]:
    sections: Mapping[str, Mapping[str, AllowanceSettings]] = {
        "tiers": settings.tiers,
        "teams": settings.teams,
        "users": settings.users,
    }
    for section, accounts in sections.items():
        yield from (((section, name), account) for name, account in accounts.items())
    yield from ((("keys", number), key) for number, key in enumerate(settings.keys))


def _findings(settings: Settings) -> Iterator[tuple[KeyPath, Finding]]:
    yield from (((), finding) for finding in limit_findings(settings.limits.rates))
    for name, model in settings.models.items():
        if isinstance(model, ModelSettings):
            yield from ((("models", name), finding) for finding in limit_findings(model.limits))
            yield from ((("models", name), finding) for finding in budget_findings(model.budget_usd))
    for path, allowance in _allowances(settings):
        yield from ((path, finding) for finding in findings(allowance))


def _reference_mistakes(settings: Settings, document: Document) -> Iterator[Mistake]:
    """A tier or a team that isn't listed, where such are listed at all. Users may be anybody."""
    for number, key in enumerate(settings.keys):
        if settings.tiers and key.tier and key.tier not in settings.tiers:
            yield document.mistake(("keys", number, "tier"), _not_listed("tier", key.tier, settings.tiers))
    for name, user in settings.users.items():
        if settings.teams and user.team and user.team not in settings.teams:
            yield document.mistake(("users", name, "team"), _not_listed("team", user.team, settings.teams))


def _not_listed(kind: str, name: str, listed: Mapping[str, object]) -> str:
    return f"expected the name of a {kind} that is listed under '{kind}s'{suggestion(name, list(listed))}"


def _exists(expires: str) -> bool:
    try:
        expires_at(expires)
    except (ValueError, OverflowError):
        return False
    return True
