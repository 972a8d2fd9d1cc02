"""Requests for completions, and chat answers as completions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from tests.support.whole_requests import read_whole
from turnout.core import (
    Answer,
    ChatRequest,
    Choice,
    Delta,
    Finish,
    Logprobs,
    Message,
    PartStart,
    Refusal,
    Sampling,
    Start,
    StreamEvent,
    Text,
    Thinking,
    TokenLogprob,
    Usage,
    UsageSoFar,
    unfold,
)
from turnout.dialects import ReplyContext, Target
from turnout.dialects.openai.completions import Completions
from turnout.errors import InvalidRequest, UpstreamBroken

ENDPOINT = Completions()
CONTEXT = ReplyContext(request_id="req_1", model="fast", created=7)
WIRE = "openai-completions"


def asking(**fields: Any) -> ChatRequest:
    return read_whole(ENDPOINT, json.dumps({"model": "fast", "prompt": "Once"} | fields).encode())


def user(text: str) -> Message:
    return Message("user", (Text(text),))


def test_everything_that_a_chat_can_say() -> None:
    request = asking(
        max_tokens=9,
        temperature=0.5,
        top_p=0.25,
        top_k=3,
        seed=4,
        presence_penalty=1,
        frequency_penalty=-1,
        logprobs=2,
        stop=["a", "b"],
        n=2,
        best_of=2,
        echo=False,
        suffix=None,
        user="u",
        stream=True,
        stream_options={"include_usage": True},
        min_tokens=3,
    )
    assert request.messages == (user("Once"),)
    assert request.sampling == Sampling(
        temperature=0.5,
        top_p=0.25,
        top_k=3,
        seed=4,
        presence_penalty=1,
        frequency_penalty=-1,
        logprobs=True,
        top_logprobs=2,
    )
    assert (request.max_output, request.stop, request.n, request.user) == (9, ("a", "b"), 2, "u")
    assert (request.stream, request.stream_usage) == (True, True)
    assert request.extensions == {"openai": {"min_tokens": Raw(b"3")}}
    assert request.raw is not None
    assert request.raw.wire == WIRE
    assert request.raw.fields["best_of"] == Raw(b"2")


PROMPTS: dict[str, tuple[Any, list[str], bool]] = {
    "a text": ("a", ["a"], True),
    "one text in a list": (["a"], ["a"], True),
    "texts": (["a", "b"], ["a", "b"], False),
    "tokens": ([1, 2], [], False),
    "lists of tokens": ([[1], [2]], [], False),
    "nothing": (None, [], False),
}


@pytest.mark.parametrize(("prompt", "texts", "alone"), PROMPTS.values(), ids=PROMPTS)
def test_prompts_in_every_form(prompt: Any, texts: list[str], alone: bool) -> None:
    """Chat wires take one text. Every other prompt stays on this wire, and other wires refuse it by name."""
    request = asking(prompt=prompt)
    assert request.messages == tuple(map(user, texts))
    assert (request.extensions is None) == alone
    assert (
        alone
        or request.extensions == {WIRE: {"prompt": Raw(json.dumps(prompt, separators=(",", ":")).encode())}}
        or (json.loads(bytes((request.extensions or {})[WIRE]["prompt"])) == prompt)
    )


def test_turns_in_a_prompt_are_messages() -> None:
    request = asking(prompt="\n\nHuman: Hi\n\nAssistant:")
    assert request.messages == (user("Hi"),)


@pytest.mark.parametrize(
    ("name", "value"), [("suffix", "end"), ("echo", True), ("best_of", 2), ("max_tokens", 0)], ids=str
)
def test_what_no_chat_can_say_is_marked(name: str, value: Any) -> None:
    assert asking(**{name: value}).extensions == {WIRE: {name: Raw(json.dumps(value).encode())}}


BAD = {
    "no model": ({"model": ""}, "model"),
    "an object": ({"prompt": {}}, "prompt"),
    "too hot": ({"temperature": 3}, "temperature"),
    "no choices": ({"n": 0}, "n"),
    "too many log probabilities": ({"logprobs": 21}, "logprobs"),
}


@pytest.mark.parametrize(("fields", "param"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        asking(**fields)
    assert caught.value.param == param


def test_the_model_in_azures_path_wins() -> None:
    assert read_whole(ENDPOINT, b'{"prompt":"x"}', Target("mine")).model == "mine"


TOKENS = (TokenLogprob("Zoë", -0.5, (TokenLogprob("Zoë", -0.5), TokenLogprob("Bo", -1.5))), TokenLogprob(" ran", -0.25))
ANSWER = Answer(
    id="c1",
    model="m",
    created=5,
    choices=(
        Choice(0, (Thinking("hm"), Text("Zoë ran")), Finish("stop", "end_turn"), TOKENS),
        Choice(1, (Refusal("No."),), Finish("refusal", "refusal", 1)),
    ),
    usage=Usage(input=3, output=4),
)
LOGPROBS = {
    "tokens": ["Zoë", " ran"],
    "token_logprobs": [-0.5, -0.25],
    "top_logprobs": [{"Zoë": -0.5, "Bo": -1.5}, {}],
    "text_offset": [0, 3],
}


def test_a_whole_answer() -> None:
    reply = json.loads(ENDPOINT.body(asking(n=2), ANSWER, CONTEXT))
    usage = reply.pop("usage")
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (3, 4, 7)
    assert reply == {
        "id": "c1",
        "object": "text_completion",
        "created": 5,
        "model": "m",
        "choices": [
            {"text": "Zoë ran", "index": 0, "logprobs": LOGPROBS, "finish_reason": "stop"},
            {"text": "No.", "index": 1, "logprobs": None, "finish_reason": "content_filter"},
        ],
    }


def streamed(events: list[StreamEvent], **fields: Any) -> list[dict[str, Any]]:
    renderer = ENDPOINT.renderer(asking(stream=True, **fields), CONTEXT)
    frames = b"".join([renderer.feed([event]) for event in events]) + renderer.close()
    *chunks, done, rest = frames.split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    return [json.loads(chunk.removeprefix(b"data: ")) for chunk in chunks]


def test_a_streamed_answer_says_the_same() -> None:
    chunks = streamed(unfold(ANSWER), stream_options={"include_usage": True})
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] == 7
    assert {(chunk["id"], chunk["object"], chunk["created"], chunk["model"]) for chunk in chunks} == {
        ("c1", "text_completion", 5, "m")
    }
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    texts = {index: "".join(c["text"] for c in choices if c["index"] == index) for index in (0, 1)}
    assert texts == {0: "Zoë ran", 1: "No."}
    assert [(c["index"], c["finish_reason"]) for c in choices if c["finish_reason"]] == [
        (0, "stop"),
        (1, "content_filter"),
    ]
    assert not any("usage" in chunk for chunk in streamed(unfold(ANSWER)))


def test_log_probabilities_go_on_from_chunk_to_chunk() -> None:
    events: list[StreamEvent] = [
        Start(),
        Logprobs(TOKENS[:1]),
        PartStart(0, Text("Zoë")),
        Logprobs(TOKENS[1:]),
        Delta(0, " ran"),
        Finish("length", "max_tokens"),
        UsageSoFar(Usage(input=1)),
    ]
    first, second, last = streamed(events)
    assert (first["id"], first["model"], first["created"]) == ("cmpl-req_1", "fast", 7)
    logprobs_of_chunks = [chunk["choices"][0]["logprobs"] for chunk in (first, second, last)]
    assert [logprobs["text_offset"] for logprobs in logprobs_of_chunks[:2]] == [[0], [3]]
    assert [logprobs["tokens"] for logprobs in logprobs_of_chunks[:2]] == [["Zoë"], [" ran"]]
    assert logprobs_of_chunks[2] is None
    assert last["choices"][0]["finish_reason"] == "length"


def test_a_stream_that_fails_is_told() -> None:
    renderer = ENDPOINT.renderer(asking(stream=True), CONTEXT)
    renderer.feed([Start()])
    assert b"It broke." in (renderer.fail(UpstreamBroken("It broke.")) or b"")
