"""The contract of a provider on a wire: its requests, and its refusals."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import msgspec

from turnout import errors
from turnout.providers import WireProvider

from .cases import Case, require, require_equal
from .requests import KEY, KEY_SOURCE, MODEL, chat_request, deployment

_STATUSES: Final = (301, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529)
_BODIES: Final = (b"", b"<html>", b"{}", b"[]", b'{"error":{"message":"No."}}', b"\xff", b"[" * 9999)


def wire_cases(provider: WireProvider) -> Iterator[Case]:
    for stream, form in ((False, "unary"), (True, "streamed")):
        yield Case(f"a request is plain data for the transport, {form}", partial(_is_plain_data, provider, stream))
    yield Case(
        "the request for the list of models has no key in its address", partial(_list_request_is_right, provider)
    )
    for status in _STATUSES:
        yield Case(f"a refusal {status} says what happened and where", partial(_refusal_is_clear, provider, status))


def _is_plain_data(provider: WireProvider, stream: bool) -> None:
    wire = provider.build(chat_request(stream=stream), deployment(provider))
    require_equal(wire.method, "POST", "the method")
    require(urlsplit(wire.url).scheme in ("http", "https"), f"{wire.url} is no address")
    require(MODEL in wire.url or msgspec.json.decode(wire.body)["model"] == MODEL, "the request doesn't name the model")
    require(all(name == name.lower() for name in wire.headers), "a header's name isn't in lower case")
    require_equal(wire.headers.get("content-type"), "application/json", "the header content-type")
    require(KEY not in wire.url, "the key is in the address, which is logged")
    require(any(KEY in value for value in wire.headers.values()), "the key is in no header")


def _list_request_is_right(provider: WireProvider) -> None:
    request = provider.list_models(deployment(provider))
    require_equal((request.method, request.body), ("GET", b""), "the method and the body")
    require(KEY not in request.url, "the key is in the address, which is logged")


def _refusal_is_clear(provider: WireProvider, status: int) -> None:
    for body in _BODIES:
        error = provider.refusal(status, {"retry-after": "7"}, body, deployment(provider))
        beginning = f"{provider.name} answered {status}: "
        require(error.message.startswith(beginning), f"the error doesn't begin with '{beginning}': {error.message}")
        require(KEY not in error.message, "the key is in the error's message")
        require_equal(error.status, status if status >= 400 else 502, "the error's status")
        require_equal(error.retry_after, 7, "retry_after")
        require_equal(error.retryable, status in errors.RETRYABLE_STATUSES, "retryable")
        require_equal(error.elsewhere, status not in errors.REQUEST_AT_FAULT, "elsewhere")
        if status in (401, 403):
            require(KEY_SOURCE in error.message, f"the error doesn't say where the key is from: {error.message}")
