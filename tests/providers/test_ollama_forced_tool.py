"""A tool that has to be called, by a model that always chooses itself: it answers with the tool's arguments."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from tests.support.failures import bare
from tests.support.fitting import fitted_chat, told, wire_request
from turnout.core import (
    Answer,
    ChatRequest,
    Deployment,
    Failure,
    Message,
    Output,
    StreamEvent,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    fold,
)
from turnout.errors import Unsupported
from turnout.providers.ollama.provider import Ollama

OLLAMA = Ollama()
PLACE = Deployment(id="d", provider="ollama", model="llama3.2")
SCHEMA = Raw(b'{"type":"object","properties":{"city":{"type":"string"}}}')
WEATHER = Tool("weather", "Looks it up.", SCHEMA)
TIME = Tool("time")
SYSTEM = Message("system", (Text("Be short."),))
HELLO = Message("user", (Text("Weather in Oslo?"),))
THIS: dict[str, Any] = {"tools": (TIME, WEATHER), "tool_choice": ToolChoice("tool", "weather")}
ANY: dict[str, Any] = {"tools": (WEATHER,), "tool_choice": ToolChoice("required")}
CALL = ToolCall("call_1", "weather", '{"city": "Oslo"}')


def asked(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=messages or (HELLO,), **fields)


def body(request: ChatRequest) -> dict[str, Any]:
    built: dict[str, Any] = json.loads(wire_request(OLLAMA, request, PLACE).body)
    return built


def changed(request: ChatRequest) -> list[str]:
    return told(wire_request(OLLAMA, request, PLACE))


@pytest.mark.parametrize("choice", [THIS, ANY], ids=["this-tool", "the-only-tool"])
def test_its_schema_is_the_form_of_the_answer(choice: dict[str, Any]) -> None:
    built = body(asked(SYSTEM, HELLO, **choice))
    assert built["format"] == json.loads(bytes(SCHEMA))
    assert "tools" not in built
    instruction, *conversation = built["messages"]
    assert instruction["role"] == "system"
    assert "weather" in instruction["content"]
    assert "Looks it up." in instruction["content"]
    assert conversation == body(asked(SYSTEM, HELLO))["messages"]
    assert changed(asked(SYSTEM, HELLO, **choice)) == []


def test_what_is_said_otherwise_is_in_the_record() -> None:
    assert [str(change) for change in wire_request(OLLAMA, asked(**ANY), PLACE).changes] == [
        "tool_choice: the arguments' schema as format"
    ]


def test_a_tool_without_a_schema_or_a_purpose_is_one_without_arguments() -> None:
    built = body(asked(tools=(TIME,), tool_choice=ToolChoice("required")))
    assert built["format"] == {"type": "object", "properties": {}}
    assert "None" not in built["messages"][0]["content"]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"tools": (WEATHER, TIME), "tool_choice": ToolChoice("required")}, id="one-of-several"),
    ],
)
def test_where_its_schema_cant_be_the_form_the_model_chooses_and_the_client_is_told(fields: dict[str, Any]) -> None:
    free = {name: value for name, value in fields.items() if name != "tool_choice"}
    assert body(asked(**fields)) == body(asked(**free))
    assert body(asked(**fields))["tools"]
    assert changed(asked(**fields)) == ["tool_choice: left out"]


# --- the reply ---------------------------------------------------------------------------------------


def events(request: ChatRequest, *replies: dict[str, Any]) -> list[StreamEvent]:
    fitted = fitted_chat(request, OLLAMA, PLACE)
    decoder = OLLAMA.decoder(fitted)
    return [
        *(event for reply in replies for event in decoder.feed(json.dumps(reply).encode() + b"\n")),
        *decoder.close(),
    ]


def answer(request: ChatRequest, *replies: dict[str, Any]) -> tuple[Any, str]:
    """The parts, and the reason of the end."""
    folded: Answer = fold(events(request, *replies))
    (choice,) = folded.choices
    assert choice.finish is not None
    return choice.parts, choice.finish.reason


def said(content: str, **fields: Any) -> dict[str, Any]:
    return {"model": "llama3.2", "message": {"role": "assistant", "content": content} | fields, "done": False}


END = {"model": "llama3.2", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
STREAM = (said('{"city": '), said('"Oslo"}'), END)
WHOLE = said('{"city": "Oslo"}') | {"done": True, "done_reason": "stop"}


@pytest.mark.parametrize("choice", [THIS, ANY], ids=["this-tool", "the-only-tool"])
def test_the_answer_is_a_call_of_the_tool(choice: dict[str, Any]) -> None:
    assert answer(asked(**choice), WHOLE) == ((CALL,), "tool_calls")
    assert answer(asked(stream=True, **choice), *STREAM) == ((CALL,), "tool_calls")


def test_a_streamed_call_comes_as_it_is_written() -> None:
    kinds = [type(event).__name__ for event in events(asked(stream=True, **ANY), *STREAM)]
    assert kinds == ["Start", "PartStart", "Delta", "PartEnd", "Finish"]


def test_thoughts_before_it_stay_thoughts() -> None:
    thought = said("", thinking="Hm.")
    thinking = (Thinking("Hm."), CALL)
    assert answer(asked(stream=True, **ANY), thought, *STREAM) == (thinking, "tool_calls")
    assert answer(asked(**ANY), WHOLE | {"message": WHOLE["message"] | {"thinking": "Hm."}})[0] == thinking


def test_a_call_that_was_cut_short_says_so() -> None:
    cut = said('{"city": ') | {"done": True, "done_reason": "length"}
    assert answer(asked(**ANY), cut) == ((ToolCall("call_1", "weather", '{"city": '),), "length")


def test_an_empty_answer_is_no_call() -> None:
    assert answer(asked(**ANY), END) == ((), "stop")


def test_its_id_is_new_in_the_conversation() -> None:
    earlier = Message("assistant", (ToolCall("call_1", "time", "{}"),))
    (call,), _ = answer(asked(HELLO, earlier, HELLO, **ANY), WHOLE)
    assert call.id == "call_2"


def test_an_error_stays_an_error() -> None:
    assert bare(events(asked(**ANY), {"error": "out of memory"})) == [Failure("out of memory")]


@pytest.mark.parametrize(
    "fields",
    [{}, {"tools": (WEATHER, TIME), "tool_choice": ToolChoice("required")}, {"tools": (WEATHER,)}],
    ids=["no-tools", "one-of-several", "free-choice"],
)
def test_a_text_stays_a_text_where_no_tool_was_its_form(fields: dict[str, Any]) -> None:
    assert answer(asked(**fields), WHOLE) == ((Text('{"city": "Oslo"}'),), "stop")


# --- beside the form of an answer --------------------------------------------------------------------


def test_the_form_of_an_answer_says_nothing_of_a_call() -> None:
    assert body(asked(**ANY, output=Output("json"))) == body(asked(**ANY))


def test_tools_that_the_form_leaves_no_way_to_call_are_left_out_and_named() -> None:
    request = asked(tools=(WEATHER, TIME), output=Output("json_schema", SCHEMA))
    wire = wire_request(OLLAMA, request, PLACE)
    sent = json.loads(wire.body)
    assert ("tools" in sent, sent["format"]) == (False, json.loads(bytes(SCHEMA)))
    assert told(wire) == ["tools: left out"]


def test_one_of_several_tools_cannot_be_forced_beside_a_form() -> None:
    with pytest.raises(Unsupported) as raised:
        body(asked(tools=(WEATHER, TIME), tool_choice=ToolChoice("required"), output=Output("json")))
    assert raised.value.param == "tool_choice"
