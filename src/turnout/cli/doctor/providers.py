"""What the places answered, and what to do where they didn't."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from turnout.catalog import Finding
from turnout.errors import UpstreamRefused, UpstreamTimeout, UpstreamUnauthenticated, UpstreamUnreachable
from turnout.providers import Profile, Provider, is_local, registry
from turnout.transport import address_of

from .asking import Answer
from .check import Check, Mark, some
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
    what = _title(place)
    if error is None:
        return Check("ok", f"{what}: {_count(answer.models)}.")
    said = _said(what, answer)
    mark: Mark = "wrong" if place.is_wanted else "note"
    match error:
        case UpstreamUnauthenticated():
            return Check("wrong", f"{said}{_other_owner(place)}")
        case UpstreamRefused(status=status) if status in _NO_LIST:
            return Check("note", f"{what}: it answers, but does not list its models, so names can't be checked.")
        case UpstreamUnreachable():
            return Check(mark, f"{said} {_how_to_reach(place)}{_odd_key(place)}")
        case UpstreamTimeout():
            return Check(mark, f"{said} Is it overloaded, or is something else at this address?")
    return Check(mark, f"{said}{_odd_key(place)}")


def _title(place: Place) -> str:
    key = (
        f", key from {place.deployment.key_source}" if place.deployment.api_key and place.deployment.key_source else ""
    )
    return f"{place.provider.profile.title} at {place.address}{key}"


def _count(models: Sequence[str]) -> str:
    if not models:
        return "it has no models"
    return f"1 model ({models[0]})" if len(models) == 1 else f"{len(models)} models ({some(models)})"


def _said(what: str, answer: Answer) -> str:
    """Most problems begin with the address, which has been named."""
    rest = answer.problem.removeprefix(f"{answer.place.address} ")
    return f"{what}: {rest}" if rest == answer.problem else f"{what} {rest}"


def _how_to_reach(place: Place) -> str:
    hint = place.provider.profile.start_hint
    if not hint:
        return "Check the address and the network."
    return f"Start it with: {hint}" if place.is_wanted else f"If you want it, start it with: {hint}"


def _odd_key(place: Place) -> str:
    """What can be said of a key that nobody could be asked about: it doesn't look like one of this provider's."""
    key, prefix = place.deployment.api_key, place.provider.profile.key_prefix
    if key is None or not place.is_usual:
        return ""
    if prefix and not key.reveal().startswith(prefix):
        where = place.deployment.key_source or "api_key"
        return f" The key in {where} does not begin with '{prefix}' as this provider's keys do.{_other_owner(place)}"
    return _other_owner(place)


def _other_owner(place: Place) -> str:
    """Whose key it looks like, if that is somebody else: two variables may have been mixed up."""
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
