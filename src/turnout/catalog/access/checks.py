"""What the types of a key, a user or a team can't say. The same rules as those of the file hold."""

from __future__ import annotations

from collections.abc import Callable, Collection

from turnout.catalog.configured import Configured
from turnout.config.allowance_settings import AllowanceSettings, BudgetSettings
from turnout.config.allowances import findings
from turnout.config.expiry import expires_at
from turnout.config.mistakes import suggestion
from turnout.errors import InvalidRequest

from .records import AccountFields, KeyDraft
from .store import AccountKind

RESERVED = {
    "tk-": "is a secret: choose another name",
    "key_": "is an id of a key: choose another name",
    "jwt:": "is that of a token's owner: choose another name",
}
"""How no name of a key begins."""


def check_key(draft: KeyDraft, configured: Configured) -> None:
    """Raises ``InvalidRequest``."""
    _check_allowance(draft)
    for name in ("name", "user", "team", "tier"):
        refuse_unprintable(name, getattr(draft, name) or "")
    for start, problem in RESERVED.items():
        if (draft.name or "").startswith(start):
            raise InvalidRequest(f"A name that begins with '{start}' {problem}.", param="name")
    if draft.expires is not None:
        _check_expiry(draft.expires)
    _check_listed("tier", draft.tier, configured.rules.tiers)


def check_account(kind: AccountKind, fields: AccountFields) -> None:
    """Raises ``InvalidRequest``."""
    _check_allowance(fields)
    refuse_unprintable("team", fields.team)
    if kind == "teams" and fields.team:
        raise InvalidRequest("A team has no 'team'.", param="team")


def check_budgets(after: AllowanceSettings, before: AllowanceSettings | None, serves: Callable[[str], bool]) -> None:
    """A budget for a model that nobody serves would never count. One that was there before may stay.

    Raises ``InvalidRequest``.
    """
    kept = _budgeted(before) if before is not None else ()
    for model in _budgeted(after):
        if model not in kept and not serves(model):
            param = f"budget_usd.models.{model}"
            raise InvalidRequest(f"Invalid '{param}': no model has this name.", param=param)


def _budgeted(settings: AllowanceSettings) -> Collection[str]:
    return settings.budget_usd.models if isinstance(settings.budget_usd, BudgetSettings) else ()


def refuse_unprintable(name: str, text: str) -> None:
    """No database stores every character, and no terminal shows every one."""
    if not text.isprintable() or text != text.strip():
        raise InvalidRequest(f"'{name}' has to be of printable characters, without blanks around them.", param=name)


def _check_allowance(settings: AllowanceSettings) -> None:
    for path, problem in findings(settings):
        param = ".".join(str(part) for part in path)
        raise InvalidRequest(f"Invalid '{param}': {problem}.", param=param)
    for number, model in enumerate(settings.models):
        refuse_unprintable(f"models.{number}", model)


def _check_expiry(expires: str) -> None:
    try:
        expires_at(expires)
    except (ValueError, OverflowError):
        raise InvalidRequest("'expires' has to be a day and a time that exist.", param="expires") from None


def _check_listed(kind: str, name: str, listed: Collection[str]) -> None:
    """A tier that isn't listed, where any are, is a misspelt one."""
    if name and listed and name not in listed:
        hint = suggestion(name, list(listed))
        raise InvalidRequest(f"There is no {kind} '{name}' under '{kind}s'{hint}.", param=kind)
