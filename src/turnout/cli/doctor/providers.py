"""Reports the answer of each place, and what to do about a missing answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from turnout.catalog import Finding
from turnout.errors import UpstreamRefused, UpstreamTimeout, UpstreamUnauthenticated, UpstreamUnreachable
from turnout.providers import Profile, Provider, is_local, registry
from turnout.transport import address_of

from .answers import Answer
from .check import Check, Mark, shortened
from .places import Place

_NO_LIST = frozenset({404, 405, 501})
"""Statuses of a server that answers, but has no list of models."""


def provider_checks(answers: Sequence[Answer], findings: Sequence[Finding]) -> Iterator[Check]:
    for answer in answers:
        yield _check(answer)
    for finding in findings:
        if finding.outcome == "skipped":
            where = f"{finding.title} is not looked for at {address_of(finding.address)}"
            yield Check("note", f"{where}: {finding.detail}.")
    if not any(answer.models or answer.place.uses for answer in answers):
        yield Check("note", f"No real model is served yet. {_how_to_begin()}")


def _check(answer: Answer) -> Check:
    place, error = answer.place, answer.error
    title = _title(answer)
    if error is None:
        return Check("ok", f"{title}: {_count(answer.models)}.")
    problem = _problem_text(title, answer)
    mark: Mark = "wrong" if place.is_expected else "note"
    match error:
        case UpstreamUnauthenticated():
            return Check("wrong", f"{problem}{_other_provider_hint(place)}")
        case UpstreamRefused(status=status) if status in _NO_LIST:
            return Check("note", f"{title}: it answers, but does not list its models, so names can't be checked.")
        case UpstreamUnreachable():
            return Check(mark, f"{problem} {_how_to_reach(place)}{_key_hint(place)}")
        case UpstreamTimeout():
            return Check(mark, f"{problem} Is it overloaded, or is something else at this address?")
    return Check(mark, f"{problem}{_key_hint(place)}")


def _title(answer: Answer) -> str:
    place = answer.place
    proxy = f", through the proxy {answer.proxy}" if answer.proxy else ""
    key = (
        f", key from {place.deployment.key_source}" if place.deployment.api_key and place.deployment.key_source else ""
    )
    return f"{place.provider.profile.title} at {place.address}{proxy}{key}"


def _count(models: Sequence[str]) -> str:
    if not models:
        return "it has no models"
    return f"1 model ({models[0]})" if len(models) == 1 else f"{len(models)} models ({shortened(models)})"


def _problem_text(title: str, answer: Answer) -> str:
    """The title and the problem, without the address that most problems repeat."""
    rest = answer.problem.removeprefix(f"{answer.place.address} ")
    return f"{title}: {rest}" if rest == answer.problem else f"{title} {rest}"


def _how_to_reach(place: Place) -> str:
    hint = place.provider.profile.start_hint
    if not hint:
        return "Check the address and the network."
    return f"Start it with: {hint}" if place.is_expected else f"If you want it, start it with: {hint}"


def _key_hint(place: Place) -> str:
    """A hint when the key doesn't look like one of this provider's. Used where the provider gave no verdict on it."""
    key, prefix = place.deployment.api_key, place.provider.profile.key_prefix
    if key is None or not place.is_default:
        return ""
    if prefix and not key.reveal().startswith(prefix):
        where = place.deployment.key_source or "api_key"
        hint = f"The key in {where} does not begin with '{prefix}' as this provider's keys do."
        return f" {hint}{_other_provider_hint(place)}"
    return _other_provider_hint(place)


def _other_provider_hint(place: Place) -> str:
    """A hint when the key looks like another provider's: somebody may have confused two variables."""
    key = place.deployment.api_key
    if key is None:
        return ""
    owners = [profile for profile in _profiles() if profile.key_prefix and key.reveal().startswith(profile.key_prefix)]
    owner = max(owners, key=lambda profile: len(profile.key_prefix), default=place.provider.profile)
    return "" if owner is place.provider.profile else f" It looks like a key of {owner.title}."


def _how_to_begin() -> str:
    keys = ", ".join(profile.key_variables[0] for profile in _profiles(local=False) if profile.key_variables)
    servers = ", ".join(profile.title for profile in _profiles(local=True) if profile.start_hint)
    return f"Set one of {keys}, or start one of {servers}."


def _profiles(local: bool | None = None) -> Iterable[Profile]:
    providers: Iterable[Provider] = dict.fromkeys(registry().values())
    return [provider.profile for provider in providers if local is None or is_local(provider) == local]
