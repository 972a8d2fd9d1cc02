"""Changes and refusals, with the fields named as the client named them."""

from __future__ import annotations

from msgspec import structs

from turnout.core import Change, Request
from turnout.dialects import name_for_client
from turnout.errors import RequestError


def changes_for_client(changes: tuple[Change, ...], request: Request) -> tuple[Change, ...]:
    if not changes:
        return changes
    return tuple(
        [structs.replace(change, field=name_for_client(request, change.field, own=change.own)) for change in changes]
    )


def error_for_client(error: RequestError, request: Request) -> RequestError:
    """A copy of the error. Its message names the field as its ``param`` does."""
    named = error.afresh()
    if error.param is None:
        return named
    named.param = name_for_client(request, error.param, own=error.own)
    said, instead = (error.param, named.param) if "[" in error.param else (f"'{error.param}'", f"'{named.param}'")
    named.message = error.message.replace(said, instead)
    named.args = (named.message,)
    return named
