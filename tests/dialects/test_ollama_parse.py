"""Requests in Ollama's dialect."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import ollama
import pytest
from msgspec import Raw, structs

from tests.support.sdks import PNG
from tests.support.whole_requests import read_whole
from turnout.core import (
    ChatRequest,
    EmbeddingRequest,
    Image,
    Message,
    Output,
    Reasoning,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from turnout.dialects import endpoint_at
from turnout.errors import InvalidRequest

PICTURE = b64encode(PNG).decode()
IMAGE = Image(data=PICTURE, media_type="image/png")


def chat(*messages: dict[str, Any], **fields: Any) -> ChatRequest:
    sent = {"model": "m", "messages": list(messages) or [{"role": "user", "content": "hi"}], **fields}
    request: ChatRequest = read_whole(endpoint_at("/api/chat"), json.dumps(sent).encode())
    return request


def generate(**fields: Any) -> ChatRequest:
    request: ChatRequest = read_whole(endpoint_at("/api/generate"), json.dumps({"model": "m", **fields}).encode())
    return request


def test_all_that_its_own_client_can_say_is_read() -> None:
    """The SDK sends all fields. Fields that the core doesn't have are kept by name."""
    function = ollama.Message.ToolCall.Function(name="weather", arguments={"city": "Oslo"})
    sent = ollama._types.ChatRequest(
        model="llama3",
        messages=[
            ollama.Message(role="user", content="Weather?", images=[ollama.Image(value=PNG)]),
            ollama.Message(
                role="assistant",
                thinking="Hm.",
                tool_calls=[ollama.Message.ToolCall(function=function)],
            ),
            ollama.Message(role="tool", tool_name="weather", content="21"),
        ],
        tools=[
            ollama.Tool(type="function", function=ollama.Tool.Function(name="weather", description="Looks it up."))
        ],
        stream=False,
        format="json",
        options=ollama.Options(
            temperature=0.1, top_p=0.2, top_k=3, seed=4, presence_penalty=0.5, frequency_penalty=0.6,
            num_predict=7, stop=["x"], num_ctx=8192, mirostat=1,
        ),
        think="low",
        logprobs=True,
        top_logprobs=2,
        keep_alive="5m",
    )  # fmt: skip
    body = sent.model_dump_json(exclude_none=True).encode()
    request = read_whole(endpoint_at("/api/chat"), body)
    assert request.raw.fields.keys() == json.loads(body).keys()
    assert request.messages == (
        Message("user", (IMAGE, Text("Weather?"))),
        Message("assistant", (Thinking("Hm."), ToolCall("call_1", "weather", '{"city":"Oslo"}'))),
        Message("tool", (ToolResult("call_1", (Text("21"),), name="weather"),)),
    )
    assert request.tools == (Tool("weather", "Looks it up."),)
    assert request.sampling == Sampling(
        temperature=0.1, top_p=0.2, top_k=3, seed=4, presence_penalty=0.5, frequency_penalty=0.6,
        logprobs=True, top_logprobs=2,
    )  # fmt: skip
    assert (request.max_output, request.stop, request.stream) == (7, ("x",), False)
    assert (request.output, request.reasoning) == (Output("json"), Reasoning(effort="low"))
    assert request.extensions == {
        "ollama": {"keep_alive": Raw(b'"5m"'), "options.num_ctx": Raw(b"8192"), "options.mirostat": Raw(b"1")}
    }


def test_what_is_left_out() -> None:
    request = chat()
    assert request.messages == (Message("user", (Text("hi"),)),)
    assert request.stream
    assert request.stream_usage
    assert (request.sampling, request.reasoning, request.output) == (Sampling(), None, Output())
    assert (request.max_output, request.stop, request.extensions) == (None, (), None)


def test_nulls_say_nothing() -> None:
    nothing = dict.fromkeys(("tools", "format", "options", "think", "logprobs", "top_logprobs", "keep_alive", "stream"))
    assert chat(**nothing).extensions is None
    assert chat(options={"num_ctx": None, "seed": None}, format="", think="").sampling == Sampling()


@pytest.mark.parametrize(("sent", "read"), [(-1, None), (-2, None), (0, None), (5, 5), (5.0, 5)])
def test_a_limit_that_is_none(sent: float, read: int | None) -> None:
    assert chat(options={"num_predict": sent}).max_output == read


@pytest.mark.parametrize(("sent", "read"), [("x", ("x",)), (["x", "y"], ("x", "y")), ([], ())], ids=repr)
def test_stop_words(sent: Any, read: tuple[str, ...]) -> None:
    assert chat(options={"stop": sent}).stop == read


def test_a_seed_below_zero_is_none() -> None:
    assert chat(options={"seed": -1}).sampling.seed is None
    assert chat(options={"seed": 0}).sampling.seed == 0


@pytest.mark.parametrize(
    ("sent", "read"),
    [(True, Reasoning()), (False, Reasoning(enabled=False)), ("max", Reasoning(effort="max")), ("", None)],
    ids=["on", "off", "word", "empty"],
)
def test_thinking(sent: Any, read: Reasoning | None) -> None:
    assert chat(think=sent).reasoning == read


def test_a_schema_stays_the_bytes_that_it_was() -> None:
    body = b'{"model":"m","messages":[{"role":"user"}],"format":{"b":1.0,  "a":2}}'
    assert read_whole(endpoint_at("/api/chat"), body).output == Output("json_schema", Raw(b'{"b":1.0,  "a":2}'))


def test_arguments_stay_the_bytes_that_they_were() -> None:
    arguments = '{"b":1.0, "a":12345678901234567890,"tiny":1e-400}'
    body = '{"model":"m","messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":%s}}]}]}'
    request = read_whole(endpoint_at("/api/chat"), (body % arguments).encode())
    assert request.messages[0].parts == (ToolCall("call_1", "f", arguments),)


def called(*names: str, ids: tuple[str | None, ...] = ()) -> dict[str, Any]:
    calls: list[dict[str, Any]] = [{"function": {"name": name, "arguments": {}}} for name in names]
    for call, call_id in zip(calls, ids, strict=False):
        if call_id:
            call["id"] = call_id
    return {"role": "assistant", "tool_calls": calls}


@pytest.mark.parametrize(
    ("calls", "results", "answered"),
    [
        (called("f", "g"), [{}, {}], ["call_1", "call_2"]),
        (called("f", "g"), [{"tool_name": "g"}, {"tool_name": "f"}], ["call_2", "call_1"]),
        (called("f", "f"), [{"tool_name": "f"}, {"tool_name": "f"}], ["call_1", "call_2"]),
        (called("f", "f", ids=("a", "b")), [{"tool_call_id": "b"}, {"tool_call_id": "a"}], ["b", "a"]),
        (called("f", "g", ids=(None, "call_1")), [{}, {}], ["call_2", "call_1"]),
        (called("f"), [{"tool_name": "other"}], ["call_2"]),
        (called("f"), [{"tool_call_id": "x", "tool_name": ""}], ["x"]),
    ],
    ids=["by_order", "by_name", "by_name_and_order", "by_id", "new_ids_avoid_given", "no_such_tool", "no_such_id"],
)
def test_a_result_finds_its_call(calls: dict[str, Any], results: list[dict[str, Any]], answered: list[str]) -> None:
    request = chat(calls, *({"role": "tool", "content": "r", **result} for result in results))
    call_ids = [part.call_id for message in request.messages for part in message.parts if isinstance(part, ToolResult)]
    assert call_ids == answered


def test_made_ids_stay_when_the_conversation_goes_on() -> None:
    first = [{"role": "user", "content": "hi"}, called("f"), {"role": "tool", "tool_name": "f", "content": "r"}]
    before = chat(*first).messages
    assert chat(*first, {"role": "assistant", "content": "So."}, called("f")).messages[:3] == before


def test_roles_in_capitals() -> None:
    assert chat({"role": "User", "content": "hi"}).messages[0].role == "user"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": ""}, "model"),
        ({"messages": [{"content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "pope", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "images": ["data:image/png;base64,aGk="]}]}, "messages[0].images[0]"),
        ({"messages": [{"role": "user", "images": [PICTURE, "nonsense"]}]}, "messages[0].images[1]"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": '"x"'}}]}]},
            "messages[0].tool_calls[0].function.arguments",
        ),
        ({"options": []}, "options"),
        ({"options": {"temperature": "hot"}}, "options.temperature"),
        ({"options": {"stop": [1]}}, "options.stop[...]"),
        ({"think": "wildly"}, "think"),
        ({"format": "xml"}, "format"),
        ({"format": 5}, "format"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"stream": "yes"}, "stream"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"function": {"name": ""}}]}, "tools[0].function.name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_named(fields: dict[str, Any], param: str) -> None:
    sent = {"model": "m", "messages": [{"role": "user", "content": "hi"}]} | fields
    with pytest.raises(InvalidRequest) as refused:
        read_whole(endpoint_at("/api/chat"), json.dumps(sent).encode())
    assert (refused.value.param or "").replace("[0]", "[...]") == param.replace("[0]", "[...]")


def test_unknown_fields_are_kept_and_told() -> None:
    assert chat(new={"x": 1}).extensions == {"ollama": {"new": Raw(b'{"x": 1}')}}


# --- bare prompts ------------------------------------------------------------------------------------


def test_a_prompt_with_system_and_images() -> None:
    request = generate(prompt="Look.", system="Be brief.", images=[PICTURE], stream=False)
    assert request.messages == (Message("system", (Text("Be brief."),)), Message("user", (IMAGE, Text("Look."))))
    assert not request.stream


def test_images_go_with_the_last_of_the_users_turns() -> None:
    request = generate(prompt="\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: Well,", images=[PICTURE])
    assert [message.role for message in request.messages] == ["user", "assistant", "user", "assistant"]
    assert request.messages[2].parts == (IMAGE, Text("c"))
    assert generate(images=[PICTURE]).messages == (Message("user", (IMAGE,)),)


def test_what_only_this_endpoint_knows_is_no_extension_of_ollamas_chat() -> None:
    request = generate(prompt="x", raw=True, suffix="y", template="", context=[], width=5)
    assert request.extensions == {
        "ollama": {"width": Raw(b"5")},
        "ollama-generate": {"raw": Raw(b"true"), "suffix": Raw(b'"y"')},
    }


@pytest.mark.parametrize(
    ("fields", "errand"),
    [
        ({}, "load"),
        ({"keep_alive": "5m"}, "load"),
        ({"keep_alive": -1}, "load"),
        ({"keep_alive": None}, "load"),
        ({"keep_alive": "10s"}, "load"),
        ({"keep_alive": 0}, "unload"),
        ({"keep_alive": 0.0}, "unload"),
        ({"keep_alive": "0"}, "unload"),
        ({"keep_alive": "0s"}, "unload"),
        ({"keep_alive": "0ms"}, "unload"),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/chat", {}),
        ("/api/chat", {"messages": []}),
        ("/api/chat", {"messages": None}),
        ("/api/generate", {}),
        ("/api/generate", {"prompt": ""}),
    ],
)
def test_without_a_question_a_model_is_loaded_or_unloaded(
    path: str, said: dict[str, Any], fields: dict[str, Any], errand: str
) -> None:
    request = read_whole(endpoint_at(path), json.dumps({"model": "m", **said, **fields}).encode())
    assert (request.messages, request.errand) == ((), errand)


def test_a_question_is_no_errand() -> None:
    assert chat(keep_alive=0).errand is None
    assert generate(prompt="x", keep_alive=0).errand is None


# --- what Ollama takes, and what its clients send all the same ----------------------------------------


@pytest.mark.parametrize(
    "image",
    [f"data:image/png;base64,{PICTURE}", f"data:;base64,{PICTURE}", PICTURE],
    ids=["data-url", "data-url-without-a-type", "bare"],
)
def test_an_image_may_be_a_data_url(image: str) -> None:
    assert chat({"role": "user", "images": [image]}).messages == (Message("user", (IMAGE,)),)
    assert generate(prompt="x", images=[image]).messages == (Message("user", (IMAGE, Text("x"))),)


def test_numbers_that_are_not_whole_are_cut_off() -> None:
    request = chat(options={"num_predict": 3.7, "top_k": 40.9, "seed": 1.5})
    assert (request.max_output, request.sampling.top_k, request.sampling.seed) == (3, 40, 1)


@pytest.mark.parametrize("limit", [-1, -2, 0, None])
def test_no_limit(limit: int | None) -> None:
    assert chat(options={"num_predict": limit}).max_output is None


@pytest.mark.parametrize(
    "nothing",
    [
        {"options": None},
        {"format": ""},
        {"think": None},
        {"think": ""},
        {"tools": []},
        {"tools": None},
    ],
    ids=str,
)
def test_what_says_nothing(nothing: dict[str, Any]) -> None:
    assert structs.replace(chat(**nothing), raw=None) == structs.replace(chat(), raw=None)


@pytest.mark.parametrize("arguments", ['{"a":1}', "{}"])
def test_arguments_may_be_a_text_that_holds_the_object(arguments: str) -> None:
    call = {"function": {"name": "f", "arguments": arguments}}
    (message,) = chat({"role": "assistant", "tool_calls": [call]}).messages
    assert message.parts == (ToolCall("call_1", "f", arguments),)


def test_a_developer_speaks_for_the_system() -> None:
    assert chat({"role": "developer", "content": "x"}).messages == (Message("system", (Text("x"),)),)


@pytest.mark.parametrize(
    ("word", "reasoning"),
    [
        ("none", Reasoning(enabled=False)),
        ("minimal", Reasoning(effort="minimal")),
        ("xhigh", Reasoning(effort="xhigh")),
    ],
)
def test_efforts_of_other_dialects(word: str, reasoning: Reasoning) -> None:
    assert chat(think=word).reasoning == reasoning


# --- embeddings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sent", "inputs"), [("a", ("a",)), (["a", "b"], ("a", "b"))], ids=["one", "several"])
def test_texts_to_embed(sent: Any, inputs: tuple[str, ...]) -> None:
    body = {"model": "m", "input": sent, "dimensions": 3, "truncate": False, "options": {"num_ctx": 5, "seed": 1}}
    request: EmbeddingRequest = read_whole(endpoint_at("/api/embed"), json.dumps(body).encode())
    assert (request.inputs, request.dimensions) == (inputs, 3)
    assert request.extensions == {
        "ollama": {"truncate": Raw(b"false"), "options.num_ctx": Raw(b"5"), "options.seed": Raw(b"1")}
    }
    assert request.raw is not None
    assert request.raw.wire == "ollama-embed"


def test_the_older_form() -> None:
    request = read_whole(endpoint_at("/api/embeddings"), b'{"model":"m","prompt":"a","keep_alive":0}')
    assert (request.inputs, request.extensions) == (("a",), {"ollama": {"keep_alive": Raw(b"0")}})


def test_a_dimension_of_zero_says_nothing() -> None:
    body = b'{"model":"m","input":"a","dimensions":0}'
    assert read_whole(endpoint_at("/api/embed"), body).dimensions is None
