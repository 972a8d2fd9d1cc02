"""Checks that the providers list the models of the configured deployments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from turnout.catalog import Catalog
from turnout.facts import lifecycle_of

from .answers import Answer
from .check import Check, shortened
from .places import Use

_DATE = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})\Z")


def model_checks(catalog: Catalog, answers: Sequence[Answer]) -> Iterator[Check]:
    configured = {name: model for name, model in catalog.snapshot.models.items() if catalog.is_configured(name)}
    problems = [check for answer in answers for use in answer.place.uses for check in _check(use, answer)]
    if configured and not any(check.mark == "wrong" for check in problems):
        yield Check("ok", f"configured: {shortened(list(configured))}")
    yield from problems
    unpriced = [
        name for name, model in configured.items() if any(deployment.price is None for deployment in model.deployments)
    ]
    refused = [name for name in unpriced if configured[name].unpriced == "refuse"]
    counted = [name for name in unpriced if name not in refused]
    if counted:
        yield Check("note", f"No price is known for {shortened(counted)}: the cost isn't counted. Give a 'price'.")
    if refused:
        yield Check("wrong", f"No price is known for {shortened(refused)}: nothing is sent there. Give a 'price'.")


def _check(use: Use, answer: Answer) -> Iterator[Check]:
    place, name = answer.place, use.deployment.model
    lifecycle = lifecycle_of(place.provider.name, name)
    notice = lifecycle.notice(name)
    if answer.models and place.provider.profile.lists_served and not is_listed(name, answer.models):
        advice = notice or _similar_names(name, answer.models)
        yield Check("wrong", f"{_subject(use)}: {place.provider.profile.title} does not list '{name}'. {advice}")
    elif notice and (not answer.models or lifecycle.status == "deprecated"):
        yield Check("note", f"{_subject(use)}: {notice}")


def is_listed(name: str, models: Sequence[str]) -> bool:
    """Whether the list has the name, or a name that the provider takes it for.

    Such a name adds ``:latest`` or a date; ``x-latest`` stands for any name that begins with ``x-``.
    """
    name = name.removeprefix("models/")
    if name in models or f"{name}:latest" in models:
        return True
    if name.endswith("-latest"):
        return any(listed.startswith(name.removesuffix("latest")) for listed in models)
    return any(_DATE.sub("", listed) == name for listed in models)


def _similar_names(name: str, models: Sequence[str]) -> str:
    close = get_close_matches(name, models, n=3)
    return f"Close ones: {', '.join(close)}." if close else f"Listed are: {shortened(models)}."


def _subject(use: Use) -> str:
    return f"{use.model} ({use.deployment.id})"
