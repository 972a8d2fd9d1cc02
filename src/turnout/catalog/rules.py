"""The allowances that the file and the environment give beside those of the keys."""

from __future__ import annotations

from collections.abc import Mapping

from turnout.config.allowance_settings import AllowanceSettings
from turnout.config.allowances import account_of, budgets_of, limits_of
from turnout.config.environment import Environment, rate_limit
from turnout.config.settings import ModelSettings, Settings
from turnout.core import Account, Allowance, Limit, Rules


def rules_of(settings: Settings, environment: Environment) -> Rules:
    """Raises ``ConfigError`` for a variable that holds no limit. ``settings`` have been checked."""
    models = {name: _of_model(model) for name, model in settings.models.items() if isinstance(model, ModelSettings)}
    return Rules(
        limits=_limits(settings, rate_limit(environment)),
        users={name: account_of(user, user.team) for name, user in settings.users.items()},
        teams=_accounts(settings.teams),
        tiers=_accounts(settings.tiers),
        models={name: allowance for name, allowance in models.items() if allowance.limits or allowance.budgets},
    )


def _limits(settings: Settings, by_environment: Limit | None) -> tuple[Limit, ...]:
    """The file's limits; the environment's replaces one of the same time over all operations."""
    limits = limits_of(settings.limits.rates)
    if by_environment is None:
        return limits
    counted = _counted(by_environment)
    return (*(limit for limit in limits if _counted(limit) != counted), by_environment)


def _counted(limit: Limit) -> tuple[str, str, int]:
    return limit.operation, limit.unit, limit.seconds


def _accounts(settings: Mapping[str, AllowanceSettings]) -> Mapping[str, Account]:
    return {name: account_of(each) for name, each in settings.items()}


def _of_model(settings: ModelSettings) -> Allowance:
    return Allowance(limits=limits_of(settings.limits), budgets=budgets_of(settings.budget_usd))
