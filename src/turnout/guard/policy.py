"""What a key may do: the models and operations it may use, and the gauges that a request needs room in.

It is worked out once for each key, model and operation, and remembered in the catalog's snapshot. So a request pays
one look-up, and a changed configuration begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import chain
from typing import Any, Final, NamedTuple, Protocol

from turnout.core import Allowance, Key, Rules
from turnout.errors import Forbidden

from .gauge_making import Owner, gauges_of
from .gauges import Gauge

MOST_REMEMBERED: Final = 32_768
"""Policies that a snapshot keeps; then the oldest one goes."""


class Book(Protocol):
    """The catalog's snapshot, as far as it says who may do what. ``policies`` is this room's memory in it."""

    @property
    def rules(self) -> Rules: ...

    @property
    def policies(self) -> dict[Any, Any]: ...

    def same_as(self, name: str) -> str | None:
        """The other name of the same model, as ``llama3`` and ``llama3:latest`` are one model."""
        ...

    def model_name(self, name: str) -> str | None:
        """The model's own name: an alias counts as its model. None for a name that isn't served."""
        ...


class Policy(NamedTuple):
    """What holds for ``key`` with one model and one operation. ``refusal`` is empty where it may use them.

    ``alias_of`` is the model's own name where the client asked by another one, else empty.
    """

    key: Key
    refusal: str
    param: str | None
    gauges: tuple[Gauge, ...]
    alias_of: str


class Holding(NamedTuple):
    """An allowance that holds for a key, and whose it is."""

    owner: Owner
    allowance: Allowance


class KeyPolicy(NamedTuple):
    """What holds for ``key`` whatever it asks for: the allowances of the key, and of its user, team and tier.

    ``gauges`` are all that some request of it needs room in, but for those of models.
    """

    key: Key
    holdings: tuple[Holding, ...]
    gauges: tuple[Gauge, ...]


def gauges_for(key: Key, model: str, operation: str, book: Book) -> tuple[Gauge, ...]:
    """All gauges that such a request needs room in. ``model`` is the name that the client asks for."""
    return policy_for(key, model, operation, book).gauges


def require_use(key: Key, model: str, operation: str, book: Book) -> Policy:
    """Raises ``Forbidden`` unless key, user, team and tier all allow the model and the operation."""
    policy = policy_for(key, model, operation, book)
    if policy.refusal:
        raise Forbidden(policy.refusal, param=policy.param)
    return policy


def require_operation(key: Key, operation: str, book: Book) -> None:
    """The same for an operation without a model."""
    refusal = _refused_tier(key, book.rules) or _refused_operation(key_policy(key, book).holdings, operation)
    if refusal:
        raise Forbidden(refusal)


def may_use(key: Key, model: str, book: Book) -> bool:
    """Whether key, user, team and tier all allow the model."""
    return not _refused_model(key_policy(key, book).holdings, model, book)


def policy_for(key: Key, model: str, operation: str, book: Book) -> Policy:
    asked = (key.id, model, operation)
    policy: Policy | None = book.policies.get(asked)
    if policy is not None and (policy.key is key or policy.key == key):  # tokens of one owner can differ
        return policy
    name = book.model_name(model)
    policy = _policy(key, model, name, operation, book)
    if name is not None:  # names that clients make up aren't remembered
        _remember(book, asked, policy)
    return policy


def key_policy(key: Key, book: Book) -> KeyPolicy:
    policy: KeyPolicy | None = book.policies.get(key.id)
    if policy is not None and (policy.key is key or policy.key == key):
        return policy
    holdings = tuple(_holdings(key, book.rules))
    common = Holding(Owner("all", "", key.id, words_of(key)), Allowance(limits=book.rules.limits))
    policy = KeyPolicy(key, holdings, _gauges([common, *holdings], book))
    _remember(book, key.id, policy)
    return policy


def team_of(key: Key, rules: Rules) -> str:
    """The key's own team, else that of its user."""
    if key.team:
        return key.team
    user = rules.users.get(key.user)
    return "" if user is None else user.team


def has_budgets(keys: Iterable[Key], rules: Rules) -> bool:
    """Whether anybody has one."""
    accounts = chain(rules.users.values(), rules.teams.values(), rules.tiers.values())
    allowances = chain(
        (key.allowance for key in keys), (account.allowance for account in accounts), rules.models.values()
    )
    return any(allowance.budgets for allowance in allowances)


def gauges_of_model(model: str, book: Book) -> tuple[Gauge, ...]:
    """The gauges of a model by its own name, whoever asks."""
    allowance = book.rules.models.get(model)
    if allowance is None:
        return ()
    return _gauges([Holding(Owner("model", model, None, f"the model '{model}'"), allowance)], book)


def words_of(key: Key) -> str:
    if not key.id:
        return "all without a key"
    return f"the key '{key.id}'" if key.digest else f"the token's owner '{key.id}'"


def _remember(book: Book, asked: object, policy: Policy | KeyPolicy) -> None:
    if len(book.policies) >= MOST_REMEMBERED:
        del book.policies[next(iter(book.policies))]
    book.policies[asked] = policy


def _policy(key: Key, model: str, name: str | None, operation: str, book: Book) -> Policy:
    of_key = key_policy(key, book)
    refused_model = _refused_model(of_key.holdings, model, book)
    refusal = _refused_tier(key, book.rules) or refused_model or _refused_operation(of_key.holdings, operation)
    gauges = of_key.gauges + (gauges_of_model(name, book) if name is not None else ())
    needed = [g for g in gauges if g.operation in ("", operation) and g.model in ("", name)]
    alias_of = "" if name is None or name == model else name
    param = "model" if refusal and refusal == refused_model else None
    return Policy(key, refusal, param, tuple(needed), alias_of)


def _holdings(key: Key, rules: Rules) -> Iterator[Holding]:
    team, who = team_of(key, rules), words_of(key)
    yield Holding(Owner("key", key.id, key.id, who), key.allowance)
    if account := rules.users.get(key.user):
        yield Holding(Owner("user", key.user, None, f"the user '{key.user}'"), account.allowance)
    if account := rules.teams.get(team):
        yield Holding(Owner("team", team, None, f"the team '{team}'"), account.allowance)
    if account := rules.tiers.get(key.tier):
        yield Holding(Owner("tier", key.tier, key.id, f"{who} of the tier '{key.tier}'"), account.allowance)


def _refused_tier(key: Key, rules: Rules) -> str:
    """A token may name any tier, and a tier that is no more would limit nothing."""
    if not key.tier or not rules.tiers or key.tier in rules.tiers:
        return ""
    return f"The tier '{key.tier}' isn't configured, so nobody can say what it allows."


def _refused_model(holdings: Iterable[Holding], model: str, book: Book) -> str:
    for owner, allowance in holdings:
        if allowance.models and not _matches(allowance.models, model):
            other = book.same_as(model)
            if other is None or not _matches(allowance.models, other):
                return f"{_subject(owner)} may not use the model '{model}'."
    return ""


def _refused_operation(holdings: Iterable[Holding], operation: str) -> str:
    for owner, allowance in holdings:
        if allowance.operations and operation not in allowance.operations:
            allowed = ", ".join(sorted(allowance.operations))
            return f"{_subject(owner)} may not use the operation '{operation}', only: {allowed}."
    return ""


def _subject(owner: Owner) -> str:
    return "This API key" if owner.scope == "key" else f"The {owner.scope} '{owner.name}'"


def _matches(patterns: Iterable[str], model: str) -> bool:
    return any(fnmatchcase(model, pattern) for pattern in patterns)


def _gauges(holdings: Iterable[Holding], book: Book) -> tuple[Gauge, ...]:
    """One gauge for each id, the strictest: budgets for a model and for its alias are one."""
    by_id: dict[str, Gauge] = {}
    for owner, allowance in holdings:
        for gauge in gauges_of(owner, allowance, book.model_name):
            known = by_id.setdefault(gauge.id, gauge)
            if gauge.most < known.most:
                by_id[gauge.id] = gauge
    return tuple(by_id.values())
