"""What a provider on a wire has to keep to, before there is a reply or when it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import msgspec

from turnout import errors
from turnout.providers import WireProvider

from .asking import KEY, KEY_SOURCE, MODEL, asking, deployment
from .cases import Case, claim, same

_STATUSES: Final = (301, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529)
_BODIES: Final = (b"", b"<html>", b"{}", b"[]", b'{"error":{"message":"No."}}', b"\xff", b"[" * 9999)


def wire_cases(provider: WireProvider) -> Iterator[Case]:
    for stream, form in ((False, "unary"), (True, "streamed")):
        yield Case(f"a request is plain data for the transport, {form}", partial(_is_plain_data, provider, stream))
    yield Case("the list of models is asked for without a key in the address", partial(_asks_for_models, provider))
    for status in _STATUSES:
        yield Case(f"a refusal {status} says what happened and where", partial(_refuses_well, provider, status))


def _is_plain_data(provider: WireProvider, stream: bool) -> None:
    wire = provider.build(asking(stream=stream), deployment(provider))
    same(wire.method, "POST", "the method")
    claim(urlsplit(wire.url).scheme in ("http", "https"), f"{wire.url} is no address")
    claim(MODEL in wire.url or msgspec.json.decode(wire.body)["model"] == MODEL, "the model isn't named")
    claim(all(name == name.lower() for name in wire.headers), "a header's name isn't in lower case")
    same(wire.headers.get("content-type"), "application/json", "the header content-type")
    claim(KEY not in wire.url, "the key is in the address, which is logged")
    claim(any(KEY in value for value in wire.headers.values()), "the key is in no header")


def _asks_for_models(provider: WireProvider) -> None:
    asked = provider.list_models(deployment(provider))
    same((asked.method, asked.body), ("GET", b""), "the method and the body")
    claim(KEY not in asked.url, "the key is in the address, which is logged")


def _refuses_well(provider: WireProvider, status: int) -> None:
    for body in _BODIES:
        error = provider.refusal(status, {"retry-after": "7"}, body, deployment(provider))
        told = f"{provider.name} answered {status}: "
        claim(error.message.startswith(told), f"the error begins otherwise than with '{told}': {error.message}")
        claim(KEY not in error.message, "the key is in the error's message")
        same(error.status, status if status >= 400 else 502, "the error's status")
        same(error.retry_after, 7, "retry_after")
        same(error.retryable, status in errors.RETRYABLE_STATUSES, "retryable")
        same(error.elsewhere, status not in errors.REQUEST_AT_FAULT, "elsewhere")
        if status in (401, 403):
            claim(KEY_SOURCE in error.message, f"the error doesn't say where the key is from: {error.message}")
