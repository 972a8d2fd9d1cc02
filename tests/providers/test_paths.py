"""A request's path stays below its deployment's address, whatever the model's name is."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import pytest
from msgspec import structs

from tests.support.contract import BODIES, CHATS, chat_request, deployment, each_wire_provider
from turnout.core import (
    CountRequest,
    Deployment,
    EmbeddingRequest,
    Image,
    ImageRequest,
    Request,
    SpeechRequest,
    TranscriptionRequest,
    WireBody,
    WireRequest,
)
from turnout.errors import Unsupported
from turnout.providers import WireProvider
from turnout.transport.target import provider_target_of

BASE = "https://h.test/inside/v1"
HOSTILE = [
    *("..", ".", "../..", "../../cachedContents/abc", "a/../../b", "models/..", "tunedModels/../../upload"),
    *("publishers/../models/x", "projects/p/locations/../models/x", "a%2f..", "%2e%2e/x", "..%2fx", "%252e%252e"),
    *("x?api-version=9", "x#y", "x:countTokens?y=", "a\\..\\b", "//evil.test/x", "https://evil.test/", "a\r\nx: y"),
    *("@evil.test", "..;/x", "a b", "модель", "\x00", "x&key=1", ""),
]
PNG = Image(data="iVBORw0KGgo=", media_type="image/png")


def requests() -> Iterator[Request]:
    """One request of each kind, and one for each wire that is only relayed."""
    for stream in (False, True):
        yield chat_request(stream=stream)
    for wire, endpoint in CHATS.items():
        body, target = BODIES[wire]
        yield endpoint.parse(json.dumps(body).encode(), target)
    yield EmbeddingRequest(model="m", inputs=("a",))
    yield EmbeddingRequest(model="m", inputs=("a",), raw=WireBody("gemini-embed", {}))
    yield ImageRequest(model="m", prompt="a")
    yield ImageRequest(model="m", prompt="a", images=(PNG,))
    for translate in (False, True):
        yield TranscriptionRequest(model="m", audio=b"RIFF", file_name="a.wav", translate=translate)
    yield SpeechRequest(model="m", text="a", voice="v")
    yield CountRequest(model="m", chat=chat_request())


def built(provider: WireProvider, to: Deployment) -> Iterator[WireRequest]:
    yield provider.list_models(to)
    for request in requests():
        try:
            yield provider.operation(request).build(request, to)
        except Unsupported:
            continue


@each_wire_provider
@pytest.mark.parametrize("version", [None, "2024-10-21", "2024/../../x?y#z", "preview/.."])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_stays_in_its_place(provider: WireProvider, name: str, version: str | None) -> None:
    good = structs.replace(deployment(provider), base_url=BASE, api_version=version)
    queries = {urlsplit(wire.url).query for wire in built(provider, good)}
    for wire in built(provider, structs.replace(good, model=name)):
        target = provider_target_of(wire.url)
        path = unquote(unquote(target.path.partition("?")[0])).replace("\\", "/")
        assert (target.host, target.port) == ("h.test", 443)
        assert f"{posixpath.normpath(path)}/".startswith("/inside/")
        assert urlsplit(wire.url).query in queries


@each_wire_provider
def test_a_good_name_is_asked_for_everything(provider: WireProvider) -> None:
    """The test above would check nothing otherwise."""
    urls = {urlsplit(wire.url).path for wire in built(provider, structs.replace(deployment(provider), base_url=BASE))}
    assert len(urls) > 1
