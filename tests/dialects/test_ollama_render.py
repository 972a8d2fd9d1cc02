"""Replies in Ollama's dialect."""

from __future__ import annotations

import json
import time
from typing import Any

import ollama
import pytest

from tests.support.whole_requests import read_whole
from turnout.core import (
    Answer,
    Choice,
    Delta,
    Embeddings,
    Finish,
    Image,
    Logprobs,
    PartEnd,
    PartStart,
    RedactedThinking,
    Refusal,
    Relayed,
    Start,
    StreamEvent,
    Text,
    Thinking,
    TokenLogprob,
    ToolCall,
    Usage,
    UsageSoFar,
    unfold,
)
from turnout.dialects import ReplyContext, ServedModel, endpoint_at, registry
from turnout.errors import AllDeploymentsFailed, InvalidRequest, UpstreamBroken

CONTEXT = ReplyContext(request_id="req_1", model="fast", created=1_790_000_000)
CHAT, GENERATE = endpoint_at("/api/chat"), endpoint_at("/api/generate")
ASKED = CHAT.parse(b'{"model":"fast","messages":[{"role":"user","content":"hi"}]}')
STAMP = "2026-09-21T14:13:20Z"


def streamed(*events: StreamEvent, endpoint: Any = CHAT, context: ReplyContext = CONTEXT) -> list[dict[str, Any]]:
    renderer = endpoint.renderer(ASKED, context)
    body = b"".join(renderer.feed([event]) for event in events) + renderer.close()
    assert body.endswith(b"\n")
    return [json.loads(line) for line in body.splitlines()]


def whole(answer: Answer, endpoint: Any = CHAT, context: ReplyContext = CONTEXT) -> dict[str, Any]:
    reply: dict[str, Any] = json.loads(endpoint.body(ASKED, answer, context))
    return reply


def ending(finish: Finish) -> tuple[StreamEvent, ...]:
    return (Start(), PartStart(0, Text("x")), PartEnd(0), finish)


def test_a_model_s_name_may_hold_a_percent_sign() -> None:
    lines = streamed(Start(model="100%b"), PartStart(0, Text("x")), PartEnd(0))
    assert [line["model"] for line in lines] == ["100%b", "100%b"]


def test_a_streamed_chat_line_by_line() -> None:
    lines = streamed(
        Start("", "llama3.2"),
        PartStart(0, Thinking("Hm")),
        Delta(0, "m."),
        PartEnd(0),
        PartStart(1, Text("")),
        Delta(1, 'Zoë "\n'),
        PartEnd(1),
        PartStart(2, ToolCall("c1", "f", "")),
        PartStart(3, ToolCall("c2", "g", "{")),
        Delta(2, '{"a":'),
        Delta(3, "}"),
        Delta(2, "1.0}"),
        PartEnd(3),
        PartEnd(2),
        Finish("tool_calls", "tool_use"),
        UsageSoFar(Usage(input=7, output=3)),
    )
    head = {"model": "llama3.2", "created_at": STAMP}
    messages: list[dict[str, Any]] = [
        {"content": "", "thinking": "Hm"},
        {"content": "", "thinking": "m."},
        {"content": 'Zoë "\n'},
        {"content": "", "tool_calls": [{"id": "c2", "function": {"index": 0, "name": "g", "arguments": {}}}]},
        {"content": "", "tool_calls": [{"id": "c1", "function": {"index": 1, "name": "f", "arguments": {"a": 1.0}}}]},
        {"content": ""},
    ]
    *pieces, last = lines
    assert pieces == [{**head, "message": {"role": "assistant", **fields}, "done": False} for fields in messages[:-1]]
    duration = last.pop("eval_duration")
    assert duration > 0
    end = {"done": True, "done_reason": "stop", "prompt_eval_count": 7, "eval_count": 3}
    assert last == {**head, "message": {"role": "assistant", **messages[-1]}, **end}
    for line in lines:
        ollama.ChatResponse.model_validate(line)


def test_a_streamed_answer_to_a_bare_prompt() -> None:
    lines = streamed(*unfold(Answer(choices=(Choice(0, (Thinking("Hm."), Text("Yes.")), Finish("length", "x")),))),
                     endpoint=GENERATE)  # fmt: skip
    head = {"model": "fast", "created_at": STAMP}
    assert lines[:2] == [
        {**head, "response": "", "thinking": "Hm.", "done": False},
        {**head, "response": "Yes.", "done": False},
    ]
    assert (lines[2]["response"], lines[2]["done"], lines[2]["done_reason"]) == ("", True, "length")
    for line in lines:
        ollama.GenerateResponse.model_validate(line)


def test_a_whole_answer() -> None:
    parts = (Thinking("Hm."), RedactedThinking("x"), Text("A"), Text("B"), ToolCall("c1", "f", '{"b":1.0,"a":1e400}'))
    answer = Answer(model="m", created=1, choices=(Choice(0, parts, Finish("tool_calls", "x")),), usage=Usage(input=7))
    body = CHAT.body(ASKED, answer, CONTEXT)
    assert b'"arguments":{"b":1.0,"a":1e400}' in body
    reply = json.loads(body)
    del reply["message"]["tool_calls"][0]["function"]["arguments"]
    assert reply == {
        "model": "m",
        "created_at": "1970-01-01T00:00:01Z",
        "message": {
            "role": "assistant",
            "content": "AB",
            "thinking": "Hm.",
            "tool_calls": [{"id": "c1", "function": {"index": 0, "name": "f"}}],
        },
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 7,
        "eval_count": 0,
    }
    assert whole(answer, GENERATE)["response"] == "AB"


def test_how_long_it_took_is_told_where_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """In nanoseconds. A stream tells how long the answer took since its first piece, too."""
    context = ReplyContext(request_id="r", model="fast", created=1, received=100.0)
    answer = Answer(choices=(Choice(0, (Text("x"),), Finish("stop", "x")),))
    embed, embedded = endpoint_at("/api/embed"), Embeddings(vectors=((0.5,),))
    asked = embed.parse(b'{"model":"fast","input":"hi"}')
    renderer = CHAT.renderer(ASKED, context)
    for second, event in enumerate(unfold(answer), 101):
        monkeypatch.setattr(time, "perf_counter", lambda now=float(second): now)
        renderer.feed([event])
    monkeypatch.setattr(time, "perf_counter", lambda: 106.5)
    last = json.loads(renderer.close())
    assert (last["total_duration"], last["eval_duration"]) == (6.5e9, 4.5e9)
    assert whole(answer, context=context)["total_duration"] == 6.5e9
    assert json.loads(embed.body(asked, embedded, context))["total_duration"] == 6.5e9
    assert "total_duration" not in whole(answer)
    assert "total_duration" not in json.loads(embed.body(asked, embedded, CONTEXT))


@pytest.mark.parametrize(
    ("finish", "word"),
    [
        (Finish("stop", "end_turn"), "stop"),
        (Finish("stop", "stop_sequence", stop_sequence="x"), "stop"),
        (Finish("length", "max_tokens"), "length"),
        (Finish("tool_calls", "tool_use"), "stop"),
        (Finish("content_filter", "SAFETY"), "content_filter"),
        (Finish("refusal", "refusal"), "refusal"),
        (Finish("other", "load"), "load"),
        (Finish("other", "pause_turn"), "other"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.native_reason,
)
def test_why_it_ended(finish: Finish, word: str) -> None:
    """A filtered answer must not look complete."""
    assert streamed(*ending(finish))[-1]["done_reason"] == word
    assert whole(Answer(choices=(Choice(0, (Text("x"),), finish),)))["done_reason"] == word


def test_a_whole_answer_without_an_end_is_not_done() -> None:
    reply = whole(Answer(choices=(Choice(0, (Text("x"),), None),)))
    assert reply["done"] is False
    assert "done_reason" not in reply


@pytest.mark.parametrize(
    "part",
    [Refusal("No."), Text("No.")],
    ids=["refusal", "text"],
)
def test_a_refusal_is_said_in_words(part: Any) -> None:
    events = (Start(), PartStart(0, part), Delta(0, " Never."), PartEnd(0), Finish("refusal", "x"))
    assert "".join(line["message"]["content"] for line in streamed(*events)) == "No. Never."


def test_a_picture_that_the_model_made() -> None:
    picture = Image(data="aGk=", media_type="image/png")
    answer = Answer(choices=(Choice(0, (picture, Image(url="https://x.test/a.png")), Finish("stop", "x")),))
    assert whole(answer)["message"]["images"] == ["aGk="]
    images = [line["message"].get("images") for line in streamed(*unfold(answer))]
    assert images == [["aGk="], None]


@pytest.mark.parametrize("arguments", ['{"a":', "[1]", "no JSON"], ids=["cut", "array", "words"])
def test_arguments_that_are_no_object_are_kept_as_text(arguments: str) -> None:
    call = ToolCall("c", "f", arguments)
    reply = whole(Answer(choices=(Choice(0, (call,), Finish("length", "x")),)))
    assert reply["message"]["tool_calls"][0]["function"]["arguments"] == {"INVALID_JSON": arguments}


def test_a_call_that_never_ended_is_told_at_the_end() -> None:
    lines = streamed(Start(), PartStart(0, ToolCall("c", "f", "{}")), Finish("stop", "x"))
    assert [line["done"] for line in lines] == [False, True]
    assert lines[0]["message"]["tool_calls"][0]["function"]["name"] == "f"


def test_log_probabilities_stand_beside_their_text() -> None:
    likely = TokenLogprob("Y", -0.5, (TokenLogprob("N", -1.5),), (89,))
    logprobs = [{"token": "Y", "logprob": -0.5, "bytes": [89], "top_logprobs": [
        {"token": "N", "logprob": -1.5, "bytes": [78]}]}]  # fmt: skip
    lines = streamed(Start(), PartStart(0, Text("")), Logprobs((likely,)), Delta(0, "Y"), Delta(0, "es"))
    assert [line.get("logprobs") for line in lines] == [logprobs, None, None]
    answer = Answer(choices=(Choice(0, (Text("Y"),), Finish("stop", "x"), (likely,)),))
    assert whole(answer)["logprobs"] == logprobs


def test_only_the_first_choice_is_told() -> None:
    events = (Start(), PartStart(0, Text("a")), PartStart(0, Text("b"), 1), Delta(0, "c", 1), PartEnd(0, 1))
    assert [line["message"]["content"] for line in streamed(*events)] == ["a", ""]


def test_a_relayed_stream_has_its_own_end_or_none() -> None:
    renderer = CHAT.renderer(ASKED, CONTEXT)
    assert renderer.feed([Relayed(b'{"x":1}\n'), Finish("stop", "stop")]) == b'{"x":1}\n'
    assert renderer.close() == b""


def test_an_error_is_a_text() -> None:
    renderer = CHAT.renderer(ASKED, CONTEXT)
    line = renderer.fail(UpstreamBroken("Gone."))
    assert line is not None
    assert line.endswith(b"\n")
    assert json.loads(line) == {"error": "Gone.", "code": "upstream_broken", "request_id": "req_1"}
    reply = json.loads(registry()["ollama"].error(InvalidRequest("No.", param="think"), "r"))
    assert (reply["error"], reply["param"]) == ("No.", "think")
    failed = AllDeploymentsFailed("m", [("d", UpstreamBroken("Gone."))])
    assert json.loads(registry()["ollama"].error(failed, "r"))["failures"][0]["deployment"] == "d"


def test_a_list_of_models_has_all_that_clients_read() -> None:
    """``ollama list`` shows twelve digits of the digest and fails when it is empty."""
    rows = [ServedModel(id=name, provider="echo", created=5) for name in ("größe", "b")]
    listed = ollama.ListResponse.model_validate_json(registry()["ollama"].models(rows)).models
    assert [row.model for row in listed] == ["größe", "b"]
    assert len({(row.digest or "")[:12] for row in listed}) == 2
    assert all(len(row.digest or "") == 64 and row.modified_at and row.details for row in listed)


def test_vectors() -> None:
    embeddings = Embeddings(vectors=((1.0, 2.0), (3.0, 4.0)), model="m", usage=Usage(input=5))
    endpoint, older = endpoint_at("/api/embed"), endpoint_at("/api/embeddings")
    reply = json.loads(endpoint.body(read_whole(endpoint, b'{"model":"m","input":["a","b"]}'), embeddings, CONTEXT))
    assert reply == {"model": "m", "embeddings": [[1.0, 2.0], [3.0, 4.0]], "prompt_eval_count": 5}
    ollama.EmbedResponse.model_validate(reply)
    assert json.loads(older.body(older.parse(b'{"model":"m","prompt":"a"}'), embeddings, CONTEXT)) == {
        "embedding": [1.0, 2.0]
    }
