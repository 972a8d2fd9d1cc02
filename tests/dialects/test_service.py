"""The service APIs: their requests have OpenAI's fields, and their replies are plain JSON."""

from __future__ import annotations

import json
import time
from base64 import b64decode
from typing import Any

import pytest

from tests.support.openai_wire import PNG
from turnout.core import (
    Answer,
    Choice,
    Embeddings,
    Extra,
    Finish,
    Message,
    Picture,
    Pictures,
    Price,
    Sampling,
    Text,
    Thinking,
    TokenLogprob,
    ToolCall,
    Transcript,
    Usage,
    unfold,
)
from turnout.dialects import Endpoint, ReplyContext, ReplyFacts, Target, endpoint_at
from turnout.errors import InvalidRequest, TurnoutError, UpstreamBroken

PRICE = Price(input=30_000_000, output=60_000_000, version="test")  # 30 and 60 USD per 1M: what GPT-4 cost
USAGE = Usage(input=100, output=50)
STOP = Finish("stop", "stop")
TEXT_PATHS = {"/api/models/chat": "content", "/api/models/completion": "text", "/v1/llm/generate": "response"}
each_text = pytest.mark.parametrize(("path", "field"), TEXT_PATHS.items())


def context(success: float = 1.0, price: Price | None = PRICE) -> ReplyContext:
    facts = ReplyFacts(provider="openai", deployment="d", price=price, success=success)
    return ReplyContext(request_id="req_1", model="fast", created=1, received=time.perf_counter(), facts=lambda: facts)


def parse(path: str, **fields: Any) -> Any:
    return endpoint_at(path).parse(json.dumps({"model": "fast", **fields}).encode())


def answer(*parts: Any, finish: Finish | None = STOP, **more: Any) -> Answer:
    return Answer(choices=(Choice(0, parts, finish, **more),), usage=USAGE)


def rendered(path: str, result: Any, reply_context: ReplyContext | None = None, **fields: Any) -> dict[str, Any]:
    endpoint: Endpoint[Any, Any] = endpoint_at(path)
    request = endpoint.parse(json.dumps({"model": "fast", **fields}).encode())
    assert endpoint.media_type(request) == "application/json"
    reply: dict[str, Any] = json.loads(endpoint.body(request, result, reply_context or context()))
    return reply


# --- asking ------------------------------------------------------------------------------------------


@each_text
def test_messages_are_openais_with_roles_in_any_case(path: str, field: str) -> None:
    messages = [{"role": "SYSTEM", "content": "s"}, {"role": "User", "content": [{"type": "text", "text": "hi"}]}]
    request = parse(path, messages=messages, temperature=0.3, max_tokens=9, user_id="eve")
    assert request.messages == (Message("system", (Text("s"),)), Message("user", (Text("hi"),)))
    assert (request.sampling.temperature, request.max_output, request.user) == (0.3, 9, "eve")


@each_text
def test_a_prompt_is_one_user_message_or_the_turns_it_holds(path: str, field: str) -> None:
    assert parse(path, prompt="hi").messages == (Message("user", (Text("hi"),)),)
    turns = parse(path, prompt="\n\nHuman: hi\n\nAssistant:").messages
    assert turns == (Message("user", (Text("hi"),)),)


def test_the_models_other_name_is_understood() -> None:
    assert endpoint_at("/api/models/chat").parse(b'{"model_id":"slow","prompt":"hi"}').model == "slow"


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        ("/api/models/chat", {}, "messages"),
        ("/api/models/chat", {"prompt": ""}, "messages"),
        ("/api/models/chat", {"prompt": 1}, "prompt"),
        ("/api/models/chat", {"messages": [{"role": "nobody", "content": "x"}]}, "messages[0].role"),
        ("/api/models/chat", {"messages": [{"role": 1, "content": "x"}]}, "messages[0].role"),
        ("/api/models/chat", {"messages": "x"}, None),
        ("/v1/llm/generate", {"prompt": "x", "temperature": 9}, "temperature"),
        ("/api/models/embedding", {}, "input"),
        ("/v1/llm/generate-embeddings", {}, "texts"),
        ("/v1/llm/generate-embeddings", {"texts": []}, "texts"),
        ("/v1/llm/generate-embeddings", {"texts": [1]}, "texts"),
        ("/api/models/embedding", {"model": None, "input": "x"}, "model"),
        ("/api/models/image", {}, "prompt"),
        ("/infer", {"prompt": "x"}, "task_id"),
        ("/infer", {"task_id": "t"}, "prompt"),
        ("/infer", {"task_id": "t", "prompt": ""}, "prompt"),
        ("/infer", {"task_id": "t", "prompt": "x", "context": 1}, "context"),
        ("/infer", {"task_id": "t", "prompt": "x", "temperature": 3}, "temperature"),
    ],
)
def test_what_is_wrong_is_named(path: str, fields: dict[str, Any], param: str | None) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(path, **fields)
    assert caught.value.param == param


@pytest.mark.parametrize("path", ["/api/models/embedding", "/v1/llm/generate-embeddings"])
@pytest.mark.parametrize("name", ["input", "texts", "text"])
def test_texts_to_embed_go_by_each_of_their_names(path: str, name: str) -> None:
    assert parse(path, **{name: ["a", "b"]}, dimensions=3).inputs == ("a", "b")
    assert parse(path, **{name: "a"}).inputs == ("a",)


def test_a_tasks_context_becomes_a_system_message_in_its_order() -> None:
    values = {"zone": "EU", "limit": 100000000000000000000000, "list": [1, {"a": None}], "quote": 'a "b"'}
    request = parse("/infer", task_id="t", prompt="hi", context=values)
    lines = 'zone: EU\nlimit: 100000000000000000000000\nlist: [1, {"a": null}]\nquote: a "b"'
    assert request.messages == (Message("system", (Text(lines),)), Message("user", (Text("hi"),)))
    assert request.sampling == Sampling(temperature=0.2)


def test_a_task_needs_no_model_and_no_context() -> None:
    request = endpoint_at("/infer").parse(b'{"task_id":"t","prompt":"hi"}')
    assert (request.model, request.messages) == ("", (Message("user", (Text("hi"),)),))


# --- answering ---------------------------------------------------------------------------------------


@each_text
def test_a_reply_says_text_usage_and_cost(path: str, field: str) -> None:
    assert rendered(path, answer(Thinking("h"), Thinking("m"), Text("Ye"), Text("s.")), prompt="hi") == {
        "id": "req_1",
        "model": "fast",
        "provider": "openai",
        field: "Yes.",
        "message": {"role": "assistant", "content": "Yes.", "reasoning": "hm"},
        "finish_reason": "stop",
        "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
        "cost": {"input_cost": 0.003, "output_cost": 0.003, "total_cost": 0.006},
    }


def test_each_direction_has_its_own_tokens_and_pieces() -> None:
    """A cached token is input, and a sound is output, whatever they cost."""
    price = Price(input=10**6, cached_input=10**5, output=10**6, audio_output=10**7, web_search=10**10, version="test")
    usage = Usage(input=100, cached_input=60, output=50, audio_output=20, extra=Extra(web_searches=1))
    reply = rendered("/v1/llm/generate", Answer(choices=(), usage=usage), context(price=price), prompt="hi")
    assert reply["cost"] == {"input_cost": 0.010046, "output_cost": 0.00023, "total_cost": 0.010276}


def test_what_is_not_known_is_null() -> None:
    nothing = ReplyContext(request_id="req_1", model="fast", created=1)
    reply = rendered("/v1/llm/generate", Answer(choices=()), nothing, prompt="hi")
    assert (reply["provider"], reply["finish_reason"], reply["usage"], reply["cost"]) == (None, None, None, None)
    assert reply["message"] == {"role": "assistant", "content": ""}


def test_without_a_price_there_is_no_cost() -> None:
    assert rendered("/v1/llm/generate", answer(Text("x")), context(price=None), prompt="hi")["cost"] is None


def test_tool_calls_are_openais() -> None:
    called = answer(ToolCall("c", "f", '{"a":1}'), finish=Finish("tool_calls", "tool_use"))
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    assert rendered("/api/models/chat", called, prompt="hi")["message"]["tool_calls"] == [call]


def stream(path: str, *pieces: Any) -> list[dict[str, Any]]:
    endpoint = endpoint_at(path)
    renderer = endpoint.renderer(parse(path, prompt="hi", stream=True), context())
    assert renderer.media_type == "text/event-stream"
    frames = b"".join(renderer.feed([piece]) for piece in pieces) + renderer.close()
    return [json.loads(frame.removeprefix(b"data: ")) for frame in frames.split(b"\n\n") if frame]


@each_text
def test_a_stream_is_pieces_and_then_the_whole(path: str, field: str) -> None:
    *pieces, last = stream(path, *unfold(answer(Thinking("hm"), Text("Yes."))))
    assert pieces == [{"reasoning": "hm"}, {field: "Yes."}]
    assert last == {**rendered(path, answer(Thinking("hm"), Text("Yes.")), prompt="hi"), "done": True}


def test_a_stream_that_breaks_off_says_so() -> None:
    renderer = endpoint_at("/api/models/chat").renderer(parse("/api/models/chat", prompt="hi", stream=True), context())
    error: TurnoutError = UpstreamBroken("Cut.")
    frame = renderer.fail(error)
    assert frame is not None
    body = json.loads(frame.removeprefix(b"data: "))
    assert body == {"error": {"code": error.code, "message": "Cut.", "request_id": "req_1"}, "done": False}


def test_vectors_and_their_cost() -> None:
    embeddings = Embeddings(vectors=((0.5, -1.0), (0.25, 0.0)), usage=Usage(input=10))
    price = context(price=Price(input=100_000, version="test"))  # 0.10 USD per 1M
    service = rendered("/v1/llm/generate-embeddings", embeddings, price, texts=["a", "b"])
    assert service["embeddings"] == [[0.5, -1.0], [0.25, 0.0]]
    assert service["usage"] == {"prompt_tokens": 10, "total_tokens": 10}
    assert service["cost"] == 0.000001
    assert rendered("/api/models/embedding", embeddings, price, input="a")["cost"]["total_cost"] == 0.000001


def test_pictures() -> None:
    pictures = Pictures(pictures=(Picture(url="https://x/y.png", prompt="a cat"), Picture(data="AAAA")))
    reply = rendered("/api/models/image", pictures, prompt="cat", response_format="url")
    assert reply["images"] == [{"url": "https://x/y.png", "revised_prompt": "a cat"}, {"b64_json": "AAAA"}]


FORM = "multipart/form-data; boundary=x"


def form(**fields: bytes) -> bytes:
    """A form whose ``file`` and ``image`` are files."""
    parts = []
    for name, value in fields.items():
        file = '; filename="a.bin"' if name in ("file", "image") else ""
        parts.append(b'--x\r\ncontent-disposition: form-data; name="%s"%s\r\n\r\n' % (name.encode(), file.encode()))
        parts.append(value + b"\r\n")
    return b"".join(parts) + b"--x--\r\n"


def test_an_uploaded_image_is_edited() -> None:
    png = b64decode(PNG)
    request = endpoint_at("/api/models/image").parse(
        form(model=b"fast", prompt=b"a hat", image=png), Target(content_type=FORM)
    )
    assert (request.prompt, [image.data for image in request.images]) == ("a hat", [PNG])


@pytest.mark.parametrize(("kind", "translate"), [("transcription", False), ("translation", True)])
def test_audio_is_a_form(kind: str, translate: bool) -> None:
    endpoint = endpoint_at(f"/api/models/audio/{kind}")
    body = form(model=b"fast", file=b"RIFF", response_format=b"srt", language=b"de")
    request = endpoint.parse(body, Target(content_type=FORM))
    assert (request.translate, request.audio, request.format, request.stream) == (translate, b"RIFF", "json", False)
    assert endpoint.media_type(request) == "application/json"
    transcript = Transcript(text="Hallo", language="german", duration=1.5)
    reply = json.loads(endpoint.body(request, transcript, context()))
    assert reply == {"model": "fast", "provider": "openai", "text": "Hallo", "language": "german", "duration": 1.5}


def infer(result: Answer, success: float = 1.0) -> dict[str, Any]:
    return rendered("/infer", result, context(success), task_id="t-1", prompt="hi")


@pytest.mark.parametrize(("received", "duration"), [(100.0, 1500), (None, 0)], ids=["known", "unknown"])
def test_how_long_a_task_took(received: float | None, duration: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "perf_counter", lambda: 101.5)
    timed = ReplyContext(request_id="req_1", model="fast", created=1, received=received)
    assert rendered("/infer", answer(Text("Yes.")), timed, task_id="t-1", prompt="hi")["duration_ms"] == duration


def test_a_tasks_reply() -> None:
    reply = infer(answer(Text("Yes.")))
    assert 0 <= reply.pop("duration_ms") < 1000
    assert reply == {
        "task_id": "t-1",
        "model_id": "fast",
        "output": "Yes.",
        "tokens_used": 150,
        "confidence": 0.9,
        "confidence_source": "finish_reason",
    }


@pytest.mark.parametrize(
    ("finish", "success", "confidence"),
    [
        (STOP, 1.0, 0.9),
        (STOP, 0.5, 0.45),
        (Finish("length", "length"), 1.0, 0.7),
        (Finish("content_filter", "x"), 1.0, 0.5),
        (None, 1.0, 0.5),
        (STOP, 0.0, 0.0),
    ],
)
def test_confidence_by_the_finish_and_the_deployments_success(
    finish: Finish | None, success: float, confidence: float
) -> None:
    assert infer(answer(Text("x"), finish=finish), success)["confidence"] == confidence


def test_confidence_by_the_tokens_probabilities() -> None:
    result = answer(Text("x"), logprobs=(TokenLogprob("a", 0.0), TokenLogprob("b", -0.693147)))
    reply = infer(result, success=0.1)
    assert (reply["confidence"], reply["confidence_source"]) == (0.75, "logprobs")
