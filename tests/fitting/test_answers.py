"""Answers in JSON, from models that can't be told the form of an answer as the client says it."""

from __future__ import annotations

import pytest
from msgspec import Raw, structs

from turnout.core import (
    ChatRequest,
    Delta,
    Finish,
    Message,
    Output,
    PartEnd,
    PartStart,
    StreamEvent,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    Traits,
)
from turnout.errors import Unsupported
from turnout.fitting import AnswerAsText

from .fitted import EVERYTHING, asking, fitted, fitted_chat

BY_CALL = structs.replace(EVERYTHING, answers_by_call=True)
CLOSED = structs.replace(BY_CALL, closed_schemas=True)
NEVER, ALONE, ALWAYS = Traits(schemas="never"), Traits(schemas="alone"), Traits(schemas="always")
CITY = Raw(b'{"type":"object","properties":{"city":{"type":"string"}}}')
HELD = Output("json_schema", CITY)
JSON = Output("json")
LOOK = Tool("look")
ANSWER = Tool("give_answer", "Gives the answer. Call it as soon as you can answer, in place of any text.", CITY)


def test_the_answer_is_a_call_where_a_model_cannot_be_held_to_a_schema() -> None:
    result = fitted(asking(output=HELD), BY_CALL, NEVER)
    assert result.request == asking(tools=(ANSWER,), tool_choice=ToolChoice("tool", "give_answer"))
    assert result.answer_tool == "give_answer"
    assert [(change.field, change.kept) for change in result.changes] == [("response_format", True)]


@pytest.mark.parametrize("choice", [None, ToolChoice("auto")])
@pytest.mark.parametrize("traits", [NEVER, ALONE])
def test_beside_tools_the_model_calls_one_of_them_or_answers(choice: ToolChoice | None, traits: Traits) -> None:
    chat = fitted_chat(asking(output=HELD, tools=(LOOK,), tool_choice=choice), BY_CALL, traits)
    assert (chat.tools, chat.tool_choice) == ((LOOK, ANSWER), ToolChoice("required"))


def test_where_no_tool_may_be_called_only_the_answer_is() -> None:
    chat = fitted_chat(asking(output=HELD, tools=(LOOK,), tool_choice=ToolChoice("none")), BY_CALL, ALONE)
    assert chat.tool_choice == ToolChoice("tool", "give_answer")


def test_a_schema_says_nothing_of_an_answer_that_has_to_be_a_call() -> None:
    request = asking(output=HELD, tools=(LOOK,), tool_choice=ToolChoice("required"))
    result = fitted(request, BY_CALL, ALONE)
    assert result.request == structs.replace(request, output=Output())
    assert (result.answer_tool, result.changes) == (None, ())


@pytest.mark.parametrize(
    ("traits", "tools"), [(ALONE, ()), (ALWAYS, ()), (ALWAYS, (LOOK,))], ids=["alone", "always", "beside-tools"]
)
def test_a_schema_that_can_be_held_stays(traits: Traits, tools: tuple[Tool, ...]) -> None:
    request = asking(output=HELD, tools=tools)
    assert fitted(request, CLOSED, traits).request == request


def test_the_answers_tool_has_a_name_of_its_own() -> None:
    request = asking(output=Output("json_schema", CITY, description="A city."), tools=(Tool("give_answer"),))
    result = fitted(request, BY_CALL, NEVER)
    assert isinstance(result.request, ChatRequest)
    assert result.request.tools[-1] == Tool("give_answer_", "A city.", CITY)
    assert result.answer_tool == "give_answer_"


OPEN = [
    '{"type":"object"}',
    '{"type":"object","properties":{}}',
    '{"type":"object","properties":{"a":{"type":"object","additionalProperties":{"type":"number"}}}}',
    '{"type":"object","patternProperties":{"a":{}}}',
    '{"type":"object","properties":{"a":{"$ref":"#/$defs/N"}},"$defs":{"N":{"properties":{"n":{"$ref":"#/$defs/N"}}}}}',
    '{"type":"object","properties":{"a":{"items":{"$ref":"#"}}}}',
]


@pytest.mark.parametrize("schema", OPEN)
def test_so_is_an_answer_of_any_fields_or_depth(schema: str) -> None:
    request = asking(output=Output("json_schema", Raw(schema.encode())))
    assert fitted(request, CLOSED, ALWAYS).answer_tool == "give_answer"
    assert fitted(request, BY_CALL, ALWAYS).request == request


SHUT = [
    '{"type":"object","properties":{"a":{"type":"object","additionalProperties":false}}}',
    '{"type":"object","properties":{"a":{"$ref":"#/$defs/N"}},"$defs":{"N":{"type":"string"}}}',
    '{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":true}',
]


@pytest.mark.parametrize("schema", SHUT)
def test_an_answer_of_fields_that_have_names_can_be_held(schema: str) -> None:
    request = asking(output=Output("json_schema", Raw(schema.encode())))
    assert fitted(request, CLOSED, ALWAYS).request == request


@pytest.mark.parametrize("schema", ['{"type":"array"}', '{"anyOf":[{"type":"object"}],"type":"object"}'])
def test_a_schema_without_a_way_is_refused(schema: str) -> None:
    with pytest.raises(Unsupported) as raised:
        fitted(asking(output=Output("json_schema", Raw(schema.encode()))), BY_CALL, NEVER)
    assert raised.value.param == "response_format"


def test_json_is_asked_for_in_words_beside_tools() -> None:
    result = fitted(asking(output=JSON, tools=(LOOK,)), BY_CALL, ALONE)
    assert isinstance(result.request, ChatRequest)
    assert result.request.output == Output()
    assert "JSON" in str(result.request.messages[0].parts[0])
    assert [change.kept for change in result.changes] == [True]


@pytest.mark.parametrize(
    ("text", "added"), [("Say it.", 1), ("Say it in Json.", 0)], ids=["no-word-of-it", "a-word-of-it"]
)
def test_the_word_json_is_added_where_it_has_to_be_there(text: str, added: int) -> None:
    request = asking(messages=(Message("user", (Text(text),)),), output=JSON)
    chat = fitted_chat(request, structs.replace(EVERYTHING, json_word=True))
    assert (len(chat.messages) - 1, chat.output) == (added, JSON)
    assert fitted_chat(request, EVERYTHING) == request


# --- the way back ------------------------------------------------------------------------------------


class _Events:
    def __init__(self, *events: StreamEvent) -> None:
        self._events = [*events]

    def feed(self, data: bytes) -> list[StreamEvent]:
        return self._events

    def close(self) -> list[StreamEvent]:
        return []


CALLED = Finish("tool_calls", "tool_use")


def test_the_arguments_are_the_text_of_the_answer() -> None:
    events: list[StreamEvent] = [PartStart(0, ToolCall("c", "give_answer", "{")), Delta(0, "}"), PartEnd(0), CALLED]
    decoder = AnswerAsText(_Events(*events), "give_answer")
    assert decoder.feed(b"") == [PartStart(0, Text("{")), Delta(0, "}"), PartEnd(0), Finish("stop", "")]


def test_other_calls_stay_calls() -> None:
    events: list[StreamEvent] = [PartStart(0, ToolCall("c", "look", "{}")), PartEnd(0), CALLED]
    assert AnswerAsText(_Events(*events), "give_answer").feed(b"") == events
