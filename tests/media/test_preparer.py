"""Every attempt gets the images that its deployment takes, in the parsed request and in the client's own JSON."""

from __future__ import annotations

import json
import textwrap
import threading
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.media import pictures
from turnout.core import (
    ChatRequest,
    Continuation,
    Deployment,
    EmbeddingRequest,
    Image,
    ImageLimits,
    Message,
    Support,
    Text,
    ToolResult,
    Traits,
    WireBody,
)
from turnout.dialects import Target, registry
from turnout.engine import Prepared
from turnout.errors import InvalidRequest, NotFetched, Unsupported
from turnout.media import ImagePreparer, ImageSupport
from turnout.media.fit import fit

SMALL = ImageLimits(long_edge=40, number=3, formats=frozenset({"image/png", "image/jpeg"}))
FETCHING = Support(namespace="f", knobs=frozenset())
BLIND = Support(namespace="b", knobs=frozenset(), image_urls=False)
BY_ENDING = Support(
    namespace="g", knobs=frozenset(), image_url_schemes=frozenset({"https"}), image_url_endings=frozenset({".png"})
)
SUPPORT = {
    "fetching": ImageSupport(SMALL, FETCHING),
    "blind": ImageSupport(SMALL, BLIND),
    "by-ending": ImageSupport(SMALL, BY_ENDING),
    "none": ImageSupport(None, BLIND),
}
ADDRESS = "https://pictures.example/a.png"
LARGE, FITTING = pictures.png(80, 60), pictures.png(40, 30)


def base64(data: bytes) -> str:
    return b64encode(data).decode()


class Web:
    """What can be fetched, by address; ``fetched`` has the addresses that were."""

    def __init__(self) -> None:
        self.at = {ADDRESS: LARGE}
        self.fetched: list[str] = []

    async def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        if url not in self.at:
            raise NotFetched("its host has no public address.")
        return self.at[url]


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def preparer(web: Web) -> Iterator[ImagePreparer]:
    image_preparer = ImagePreparer(SUPPORT, web.fetch)
    yield image_preparer
    image_preparer.close()


def deployment(provider: str = "fetching", images: ImageLimits | None = None) -> Deployment:
    return Deployment(id="d", provider=provider, model="m", traits=Traits(images=images))


def chat_request(*parts: Any, raw: WireBody | None = None) -> ChatRequest:
    return ChatRequest(model="m", messages=(Message("user", (Text("Look."), *parts)),), raw=raw)


def image(data: bytes, media_type: str = "image/png", **more: Any) -> Image:
    return Image(data=base64(data), media_type=media_type, **more)


def size_of(part: Any) -> tuple[int, int]:
    return pictures.opened(b64decode(part.data)).size


def request_of(prepared: Prepared | None) -> ChatRequest:
    assert prepared is not None
    assert isinstance(prepared.request, ChatRequest)
    return prepared.request


class TestParsed:
    async def test_without_images_nothing_changes(self, preparer: ImagePreparer) -> None:
        assert await preparer.prepare(chat_request(), deployment()) is None
        assert await preparer.prepare(EmbeddingRequest(model="m", inputs=("x",)), deployment()) is None

    async def test_what_fits_stays(self, preparer: ImagePreparer) -> None:
        assert await preparer.prepare(chat_request(image(FITTING)), deployment()) is None

    async def test_what_doesn_t_fit_is_made_to_fit_and_reported(self, preparer: ImagePreparer) -> None:
        prepared = await preparer.prepare(chat_request(image(FITTING), image(LARGE, detail="high")), deployment())
        first, second = request_of(prepared).messages[0].parts[1:]
        assert first == image(FITTING)
        assert size_of(second) == (40, 30)
        assert isinstance(second, Image)
        assert second.detail == "high"
        assert prepared is not None
        (change,) = prepared.changes
        assert change.startswith(f"messages[0].content[2]: png 80x60 {len(LARGE)} B → png 40x30 ")

    async def test_inside_a_tool_s_result_too(self, preparer: ImagePreparer) -> None:
        result = ToolResult("call", (Text("Done."), image(LARGE)))
        prepared = await preparer.prepare(chat_request(result), deployment())
        part = request_of(prepared).messages[0].parts[1]
        assert isinstance(part, ToolResult)
        assert part.parts[0] == Text("Done.")
        assert size_of(part.parts[1]) == (40, 30)
        assert prepared is not None
        assert prepared.changes[0].startswith("messages[0].content[1].content[1]: ")

    async def test_the_model_s_own_limits_go_first(self, preparer: ImagePreparer) -> None:
        assert await preparer.prepare(chat_request(image(LARGE)), deployment(images=ImageLimits(long_edge=80))) is None

    async def test_original_detail_asks_for_no_resizing(self, preparer: ImagePreparer) -> None:
        assert await preparer.prepare(chat_request(image(LARGE, detail="original")), deployment()) is None

    async def test_who_takes_none_refuses_them_itself(self, preparer: ImagePreparer) -> None:
        assert await preparer.prepare(chat_request(image(LARGE)), deployment("none")) is None

    async def test_too_many_are_for_another_model(self, preparer: ImagePreparer) -> None:
        with pytest.raises(Unsupported, match="takes at most 3 images in one request; this one has 4") as refused:
            await preparer.prepare(chat_request(*[image(FITTING)] * 4), deployment())
        assert refused.value.param == "messages"

    @pytest.mark.parametrize(
        ("data", "words"), [("!!!!", "not base64"), (base64(b"<html>"), "HTML"), (base64(LARGE[:60]), "cut or damaged")]
    )
    async def test_what_is_no_image_is_refused_by_its_place(
        self, preparer: ImagePreparer, data: str, words: str
    ) -> None:
        with pytest.raises(InvalidRequest, match=words) as refused:
            await preparer.prepare(chat_request(image(FITTING), Image(data=data)), deployment())
        assert refused.value.param == "messages[0].content[2]"
        assert refused.value.message.startswith("The image in messages[0].content[2]: ")

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(textwrap.fill(base64(FITTING), 76), id="line-breaks"),
            pytest.param(urlsafe_b64encode(FITTING).decode(), id="alphabet-for-urls"),
            pytest.param(base64(FITTING).rstrip("="), id="without-padding"),
        ],
    )
    async def test_base64_of_any_fashion_is_mended_and_relayed_as_it_is(
        self, preparer: ImagePreparer, text: str
    ) -> None:
        raw = WireBody("w", {"images": msgspec.Raw(msgspec.json.encode([text]))})
        prepared = await preparer.prepare(chat_request(Image(data=text), raw=raw), deployment())
        request = chat_request(Image(data=text)) if prepared is None else request_of(prepared)
        assert request.messages[0].parts[1] == Image(data=base64(FITTING), media_type="image/png")
        assert request.raw == raw
        assert prepared is not None
        assert prepared.changes == ()

    async def test_a_wrong_type_is_put_right(self, preparer: ImagePreparer) -> None:
        prepared = await preparer.prepare(chat_request(image(FITTING, "image/webp")), deployment())
        assert request_of(prepared).messages[0].parts[1] == image(FITTING)

    async def test_the_second_attempt_decodes_nothing(
        self, preparer: ImagePreparer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = await preparer.prepare(chat_request(image(LARGE)), deployment())
        monkeypatch.setattr("turnout.media.preparer.fit", None)
        assert await preparer.prepare(chat_request(image(LARGE)), deployment()) == first

    async def test_the_event_loop_does_none_of_the_work(
        self, preparer: ImagePreparer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        threads: list[str] = []

        def recorded_fit(*arguments: Any) -> Any:
            threads.append(threading.current_thread().name)
            return fit(*arguments)

        monkeypatch.setattr("turnout.media.preparer.fit", recorded_fit)
        await preparer.prepare(chat_request(image(LARGE)), deployment())
        assert threads[0].startswith("turnout-media")

    async def test_another_deployment_gets_another_image(self, preparer: ImagePreparer) -> None:
        await preparer.prepare(chat_request(image(LARGE)), deployment())
        other = await preparer.prepare(chat_request(image(LARGE)), deployment(images=ImageLimits(long_edge=20)))
        assert size_of(request_of(other).messages[0].parts[1]) == (20, 15)


class TestFetched:
    async def test_who_fetches_gets_the_address(self, preparer: ImagePreparer, web: Web) -> None:
        assert await preparer.prepare(chat_request(Image(url=ADDRESS)), deployment()) is None
        assert web.fetched == []

    @pytest.mark.parametrize(
        ("url", "media_type", "fetched"),
        [
            pytest.param(ADDRESS, None, False, id="its-ending-tells-the-type"),
            pytest.param("https://pictures.example/a?x=.png", None, True, id="nothing-tells-it"),
            pytest.param("https://pictures.example/a", "image/png", False, id="the-client-tells-it"),
            pytest.param("http://pictures.example/a.png", None, True, id="not-of-a-scheme-it-fetches"),
            pytest.param("gs://bucket/a", None, False, id="not-of-one-that-we-fetch"),
        ],
    )
    async def test_only_what_it_can_t_fetch_is_fetched_for_a_provider(
        self, preparer: ImagePreparer, web: Web, url: str, media_type: str | None, fetched: bool
    ) -> None:
        web.at[url] = FITTING
        await preparer.prepare(chat_request(Image(url=url, media_type=media_type)), deployment("by-ending"))
        assert web.fetched == ([url] if fetched else [])

    async def test_once_for_a_while_and_made_to_fit(self, preparer: ImagePreparer, web: Web) -> None:
        for _ in range(2):
            prepared = await preparer.prepare(chat_request(Image(url=ADDRESS, detail="low")), deployment("blind"))
        part = request_of(prepared).messages[0].parts[1]
        assert isinstance(part, Image)
        assert (part.url, part.media_type, part.detail, size_of(part)) == (None, "image/png", "low", (40, 30))
        assert web.fetched == [ADDRESS]
        assert prepared is not None
        assert prepared.changes[0].startswith("messages[0].content[1]: fetched, png 80x60 ")

    async def test_what_is_there_counts_not_what_it_is_called(self, preparer: ImagePreparer, web: Web) -> None:
        web.at[ADDRESS] = b"<html>"
        with pytest.raises(InvalidRequest, match="HTML page"):
            await preparer.prepare(chat_request(Image(url=ADDRESS)), deployment("blind"))

    async def test_what_can_t_be_fetched_names_the_part(self, preparer: ImagePreparer) -> None:
        with pytest.raises(NotFetched, match="no public address") as refused:
            await preparer.prepare(chat_request(Image(url="http://inside/a.png")), deployment("blind"))
        assert refused.value.param == "messages[0].content[1]"

    @pytest.mark.parametrize(("when", "provider", "fetched"), [("always", "fetching", 1), ("never", "blind", 0)])
    async def test_always_and_never(self, web: Web, when: Any, provider: str, fetched: int) -> None:
        preparer = ImagePreparer(SUPPORT, web.fetch, when=when)
        await preparer.prepare(chat_request(Image(url=ADDRESS)), deployment(provider))
        preparer.close()
        assert len(web.fetched) == fetched


DATA_URL = f"data:image/png;base64,{base64(LARGE)}"
KEPT = {"x": 1.50, "big": 123456789012345678901234567890, "none": None}
CASES = {
    "openai-chat": (
        "/v1/chat/completions",
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": DATA_URL, **KEPT}}]}]},
    ),
    "openai-responses": (
        "/v1/responses",
        {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": DATA_URL, **KEPT}]}]},
    ),
    "anthropic": (
        "/v1/messages",
        {
            "max_tokens": 9,
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "image",
                            "source": {"type": "base64", "media_type": "image/png", "data": base64(LARGE)},
                            **KEPT,
                        }
                    ],
                }
            ],
        },
    ),
    "gemini": (
        "/v1beta/{model}:generateContent",
        {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": base64(LARGE)}, **KEPT}]}]},
    ),
    "gemini-in-the-other-spelling": (
        "/v1beta/{model}:generateContent",
        {"contents": [{"parts": [{"inline_data": {"mime_type": "image/png", "data": base64(LARGE)}, **KEPT}]}]},
    ),
    "ollama-chat": (
        "/api/chat",
        {"messages": [{"role": "user", "content": "Look.", "images": [base64(LARGE)], **KEPT}]},
    ),
    "ollama-generate": ("/api/generate", {"prompt": "Look.", "images": [base64(LARGE)], **KEPT}),
}
ONLY_JPEG = ImageLimits(long_edge=40, formats=frozenset({"image/jpeg"}))


def parsed(path: str, body: dict[str, Any]) -> Any:
    for dialect in registry().values():
        for endpoint in dialect.endpoints:
            if path in endpoint.paths:
                target = Target("m" if "{model}" in path else "", "", "application/json")
                return endpoint.parse(json.dumps({"model": "m", **body}).encode(), target)
    raise AssertionError(path)


@pytest.mark.parametrize(("path", "body"), CASES.values(), ids=CASES)
async def test_the_client_s_own_json_gets_the_image_and_its_type_and_keeps_the_rest(
    preparer: ImagePreparer, path: str, body: dict[str, Any]
) -> None:
    request = parsed(path, body)
    prepared = await preparer.prepare(request, deployment(images=ONLY_JPEG))
    changed = request_of(prepared)
    new = next(part.data for message in changed.messages for part in message.parts if isinstance(part, Image))
    assert new is not None
    assert changed.raw is not None
    expected = json.dumps(body).replace(base64(LARGE), new).replace("image/png", "image/jpeg")
    sent = {name: json.loads(bytes(raw)) for name, raw in changed.raw.fields.items() if name in body}
    assert sent == json.loads(expected)
    assert b"1.5" in b"".join(map(bytes, changed.raw.fields.values()))
    assert b"123456789012345678901234567890" in b"".join(map(bytes, changed.raw.fields.values()))


BY_ADDRESS = {
    "openai-chat": (
        "/v1/chat/completions",
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": ADDRESS}}]}]},
        ("messages", 0, "content", 0, "image_url", "url"),
    ),
    "openai-responses": (
        "/v1/responses",
        {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": ADDRESS}]}]},
        ("input", 0, "content", 0, "image_url"),
    ),
    "anthropic": (
        "/v1/messages",
        {
            "max_tokens": 9,
            "messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": ADDRESS}}]}],
        },
        ("messages", 0, "content", 0, "source"),
    ),
}


@pytest.mark.parametrize(("path", "body", "place"), BY_ADDRESS.values(), ids=BY_ADDRESS)
async def test_what_was_fetched_is_put_in_the_place_of_its_address(
    preparer: ImagePreparer, path: str, body: dict[str, Any], place: tuple[Any, ...]
) -> None:
    changed = request_of(await preparer.prepare(parsed(path, body), deployment("blind")))
    assert changed.raw is not None
    value: Any = {name: json.loads(bytes(raw)) for name, raw in changed.raw.fields.items()}
    for step in place:
        value = value[step]
    new = next(part.data for message in changed.messages for part in message.parts if isinstance(part, Image))
    inline = {"type": "base64", "media_type": "image/png", "data": new}
    assert value == (inline if path == "/v1/messages" else f"data:image/png;base64,{new}")


async def test_what_a_conversation_brings_along_is_made_to_fit_too(preparer: ImagePreparer) -> None:
    """Responses: the items of earlier turns stand beside the client's own."""
    item = {"role": "user", "content": [{"type": "input_image", "image_url": DATA_URL}]}
    earlier = Continuation((msgspec.Raw(msgspec.json.encode(item)),), "d")
    raw = WireBody("w", {"input": msgspec.Raw(b'"And now?"')}, continues=earlier)
    changed = request_of(await preparer.prepare(chat_request(image(LARGE), raw=raw), deployment())).raw
    assert changed is not None
    assert changed.continues is not None
    assert changed.fields == raw.fields
    assert base64(LARGE) not in bytes(changed.continues.items[0]).decode()
    assert changed.continues.deployment == "d"


async def test_json_that_doesn_t_say_the_same_is_not_relayed(preparer: ImagePreparer) -> None:
    raw = WireBody("w", {"images": msgspec.Raw(b"[]")})
    assert request_of(await preparer.prepare(chat_request(image(LARGE), raw=raw), deployment())).raw is None
