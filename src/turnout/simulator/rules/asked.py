"""What a rule gets, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from turnout.simulator.http import Request


class Asked(msgspec.Struct, frozen=True):
    """A request as its rules see it. ``body`` is plain JSON of which nothing is checked yet.

    ``version`` is Azure's ``api-version``, ``betas`` is the header ``anthropic-beta``.
    """

    body: dict[str, Any]
    model: str
    version: str = ""
    betas: str = ""

    def objects(self, field: str) -> list[tuple[int, dict[str, Any]]]:
        """The objects in the list ``field`` of the body, with their places."""
        return objects(self.body.get(field))


class Refusal(msgspec.Struct, frozen=True):
    """``code`` and ``param`` are those of the vendors on OpenAI's wire."""

    message: str
    param: str | None = None
    code: str | None = None
    status: int = 400


Check = Callable[[Asked], Refusal | None]


class Rule(msgspec.Struct, frozen=True):
    """``source`` is the address of the vendor's documentation, types or code, or of a report that quotes the error."""

    check: Check
    source: str


def first_refusal(rules: Sequence[Rule], asked: Asked) -> Refusal | None:
    for rule in rules:
        refusal = rule.check(asked)
        if refusal is not None:
            return refusal
    return None


def read_asked(request: Request, path: Mapping[str, str]) -> Asked | None:
    """None if the body isn't a JSON object: the wire itself refuses that."""
    try:
        body = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not isinstance(body, dict):
        return None
    model = path.get("model") or path.get("deployment") or body.get("model")
    return Asked(
        body,
        model if isinstance(model, str) else "",
        version=request.query.get("api-version", ""),
        betas=request.headers.get("anthropic-beta", ""),
    )


def objects(value: Any) -> list[tuple[int, dict[str, Any]]]:
    """The objects of a list with their places; empty for anything else."""
    listed = value if isinstance(value, list) else []
    return [(index, item) for index, item in enumerate(listed) if isinstance(item, dict)]


def names_in(text: str) -> frozenset[str]:
    """The words of ``text``: tables of fields are written so."""
    return frozenset(text.split())


def object_of(value: Any) -> dict[str, Any]:
    """``value``, or an empty object if it is none."""
    return value if isinstance(value, dict) else {}


def number_of(value: Any) -> float | None:
    """``value`` if it is a number, and no boolean."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a JSON value, at any depth, without the keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, dict):
        yield from texts_in(list(value.values()))
