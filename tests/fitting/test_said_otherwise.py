"""What a provider has no word for is said in the words that it has."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Raw, structs

from turnout.core import (
    OLD_FUNCTION,
    ChatRequest,
    Delta,
    File,
    Finish,
    Image,
    Message,
    OwnTool,
    Part,
    PartEnd,
    PartStart,
    RedactedThinking,
    StreamEvent,
    Support,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Traits,
)
from turnout.errors import Unsupported
from turnout.fitting import FirstCallOnly

from .fitted import EVERYTHING, asking, fitted, fitted_chat, named, saying

PLAIN_RESULTS = structs.replace(EVERYTHING, result_media=False, result_errors=False)
SEVERAL_CALLS = structs.replace(EVERYTHING, single_calls=False)
PICTURE = Image(data="iVBO", media_type="image/png")
DEVELOPER: Any = {"openai": {"role": Raw(b'"developer"')}}


def answering(*results: ToolResult, then: tuple[Message, ...] = ()) -> ChatRequest:
    calls = tuple(ToolCall(result.call_id, "look", "{}") for result in results)
    messages = (Message("user", (Text("look"),)), Message("assistant", calls), Message("tool", results), *then)
    return asking(messages=messages)


def test_pictures_of_results_are_shown_in_a_users_message_after_all_results() -> None:
    file = File(data="JVBE", media_type="application/pdf")
    request = answering(ToolResult("a", (Text("seen"), PICTURE)), ToolResult("b", (file,)), then=(Message("user", ()),))
    messages = fitted_chat(request, PLAIN_RESULTS).messages
    assert messages[2] == Message(
        "tool",
        (ToolResult("a", (Text("seen"),)), ToolResult("b", (Text("The result is in the user's next message."),))),
    )
    shown = messages[3].parts
    assert messages[3].role == "user"
    assert [part for part in shown if not isinstance(part, Text)] == [PICTURE, file]
    assert ["a" in part.text for part in shown if isinstance(part, Text)] == [True, True]
    assert messages[4:] == (Message("user", ()),)
    assert named(request, PLAIN_RESULTS) == []
    assert [change.field for change in fitted(request, PLAIN_RESULTS).changes] == [
        "messages[2].content[0].content",
        "messages[2].content[1].content",
    ]


def test_pictures_of_results_at_the_end_are_shown_at_the_end() -> None:
    messages = fitted_chat(answering(ToolResult("a", (PICTURE,))), PLAIN_RESULTS).messages
    assert [message.role for message in messages] == ["user", "assistant", "tool", "user"]


def test_a_provider_that_sees_pictures_in_results_gets_them_there() -> None:
    request = answering(ToolResult("a", (PICTURE,), is_error=True))
    assert fitted_chat(request, EVERYTHING) == request


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((Text("no such file"),), (Text("Error: no such file"),)),
        ((Text("ERROR 5: no"),), (Text("ERROR 5: no"),)),
        ((), (Text("Error."),)),
        ((Text("a"), Text("b")), (Text("Error: a"), Text("b"))),
    ],
)
def test_a_failed_tool_is_told_in_words(parts: tuple[Text, ...], said: tuple[Part, ...]) -> None:
    request = answering(ToolResult("a", parts, is_error=True))
    assert fitted_chat(request, PLAIN_RESULTS).messages[2].parts == (ToolResult("a", said),)  # type: ignore[arg-type]
    assert named(request, PLAIN_RESULTS) == []


def test_a_developer_is_the_system_where_nobody_knows_the_word() -> None:
    request = asking(messages=(Message("system", (Text("s"),), None, DEVELOPER), Message("user", (Text("hi"),))))
    on_openais_wire = structs.replace(EVERYTHING, namespace="openai")
    left = fitted(request, on_openais_wire)
    assert fitted_chat(request, on_openais_wire).messages[0] == Message("system", (Text("s"),))
    assert [(change.field, change.kept) for change in left.changes] == [("messages[0].role", True)]
    assert fitted(request, structs.replace(on_openais_wire, developer=True)).request == request


def test_a_long_user_becomes_the_same_short_hash_each_time() -> None:
    short = structs.replace(EVERYTHING, user_length=64)
    first, again, other = [fitted_chat(asking(user=user), short).user for user in ("a" * 65, "a" * 65, "b" * 65)]
    assert first == again != other
    assert first is not None
    assert len(first) == 32
    assert named(asking(user="a" * 65), short) == []
    assert fitted_chat(asking(user="a" * 64), short).user == "a" * 64


def test_more_tokens_than_the_model_gives_are_lowered_and_named() -> None:
    traits = Traits(max_output=100)
    assert fitted_chat(asking(max_output=101), EVERYTHING, traits).max_output == 100
    assert named(asking(max_output=101), EVERYTHING, traits) == ["max_tokens"]
    assert fitted_chat(asking(max_output=100), EVERYTHING, traits).max_output == 100
    assert named(asking(max_output=100), EVERYTHING, traits) == []
    assert str(fitted(asking(max_output=101), EVERYTHING, traits).changes[0]) == "max_tokens: 100"


@pytest.mark.parametrize(
    ("choice", "told", "only_first"),
    [
        pytest.param(None, ["parallel_tool_calls"], False, id="free"),
        pytest.param(ToolChoice("auto"), ["parallel_tool_calls"], False, id="auto"),
        pytest.param(ToolChoice("required"), [], True, id="required"),
        pytest.param(ToolChoice("tool", "f"), [], True, id="named"),
    ],
)
def test_one_call_at_a_time_is_kept_where_a_tool_has_to_be_called(
    choice: ToolChoice | None, told: list[str], only_first: bool
) -> None:
    request = asking(tools=(Tool("f"),), tool_choice=choice, parallel_tool_calls=False)
    result = fitted(request, SEVERAL_CALLS)
    assert (named(request, SEVERAL_CALLS), result.first_call_only) == (told, only_first)
    assert fitted_chat(request, SEVERAL_CALLS).parallel_tool_calls is None
    assert fitted_chat(request, EVERYTHING) == request


@pytest.mark.parametrize("said", [True, False])
def test_parallel_calls_without_tools_say_nothing(said: bool) -> None:
    assert named(asking(parallel_tool_calls=said), SEVERAL_CALLS) == []


class Scripted:
    def __init__(self, *events: StreamEvent) -> None:
        self._events = [*events]

    def feed(self, data: bytes) -> list[StreamEvent]:
        return self._events

    def close(self) -> list[StreamEvent]:
        return [PartEnd(2)]


def test_only_the_first_call_of_each_choice_is_passed_on() -> None:
    first, second = PartStart(1, ToolCall("a", "f", "")), PartStart(2, ToolCall("b", "f", ""))
    other_choice = PartStart(0, ToolCall("c", "f", ""), choice=1)
    decoder = FirstCallOnly(
        Scripted(
            PartStart(0, Text("hm")),
            first,
            second,
            Delta(2, "{}"),
            Delta(1, "{}"),
            other_choice,
            Finish("tool_calls", "x"),
        )
    )
    assert decoder.feed(b"") == [
        PartStart(0, Text("hm")),
        first,
        Delta(1, "{}"),
        other_choice,
        Finish("tool_calls", "x"),
    ]
    assert decoder.close() == []


THOUGHTFUL = (
    Message("user", (Text("hi"),)),
    Message("assistant", (Thinking("Hm.", "sig"), Text("So:"), RedactedThinking("x"))),
    Message("assistant", (Thinking("Only thoughts."),)),
    Message("user", ()),
)


@pytest.mark.parametrize(
    ("support", "traits"),
    [(structs.replace(EVERYTHING, thoughts=False), Traits()), (EVERYTHING, Traits(reasoning_content=False))],
    ids=["provider", "vendor"],
)
def test_thoughts_stay_away_from_who_refuses_them_and_nobody_misses_them(support: Support, traits: Traits) -> None:
    request = asking(messages=THOUGHTFUL)
    assert fitted_chat(request, support, traits).messages == (
        THOUGHTFUL[0],
        Message("assistant", (Text("So:"),)),
        THOUGHTFUL[3],
    )
    assert fitted(request, support, traits).changes == ()
    assert fitted(request, EVERYTHING).request is request


def test_messages_are_named_by_the_clients_own_numbers() -> None:
    """Whatever stands before them is shown elsewhere, or left out."""
    request = answering(ToolResult("a", (PICTURE,)), then=(Message("user", (Text("?"),), "bob"),))
    nameless = structs.replace(PLAIN_RESULTS, ignores=frozenset({"name"}))
    assert named(request, nameless) == ["messages[3].name"]


def test_a_tool_that_only_its_wire_has_is_said_to_be_a_function() -> None:
    own = OwnTool("custom", "patch", "tools[1]", definition={"there": {"type": Raw(b'"custom"')}})
    request = asking(tools=(Tool("look"), Tool("patch", own=own)))
    (change,) = fitted(request, EVERYTHING).changes
    assert (change.field, change.instead, change.kept) == ("tools[1]", "the function 'patch'", True)
    assert fitted(request, structs.replace(EVERYTHING, namespace="there")).changes == ()


def test_old_functions_are_called_one_at_a_time_without_a_word() -> None:
    """The client didn't say so: it has a place for one call only."""
    tool = Tool("look", own=OwnTool(OLD_FUNCTION, "look", "functions[0]"))
    request = asking(tools=(tool,), parallel_tool_calls=False)
    assert fitted_chat(request, SEVERAL_CALLS).parallel_tool_calls is None
    assert fitted_chat(request, EVERYTHING).parallel_tool_calls is False
    assert [change.field for change in fitted(request, SEVERAL_CALLS).changes] == ["functions[0]"]


TOOLS = (Tool("f"), Tool("g"))
NO_TOOLS = Traits(tools=False)
BY_SCHEMA = structs.replace(EVERYTHING, schema_calls=True)


@pytest.mark.parametrize(
    ("choice", "named_fields"),
    [(None, ["tools"]), (ToolChoice("auto"), ["tools"]), (ToolChoice("none"), [])],
    ids=["nothing-said", "auto", "none"],
)
def test_a_model_that_calls_no_tools_is_not_told_of_them(choice: ToolChoice | None, named_fields: list[str]) -> None:
    request = asking(tools=TOOLS, tool_choice=choice, parallel_tool_calls=False)
    fitted_request = fitted_chat(request, structs.replace(EVERYTHING, single_calls=False), NO_TOOLS)
    assert (fitted_request.tools, fitted_request.tool_choice) == ((), None)
    assert named(request, structs.replace(EVERYTHING, single_calls=False), NO_TOOLS) == named_fields


@pytest.mark.parametrize("choice", [ToolChoice("required"), ToolChoice("tool", "f")], ids=["any", "one"])
def test_a_model_that_calls_no_tools_can_not_be_made_to(choice: ToolChoice) -> None:
    with pytest.raises(Unsupported) as refused:
        fitted(asking(tools=TOOLS, tool_choice=choice), EVERYTHING, NO_TOOLS)
    assert refused.value.param == "tool_choice"


def test_one_tool_can_be_called_by_its_schema() -> None:
    request = asking(tools=TOOLS, tool_choice=ToolChoice("tool", "f"))
    assert fitted(request, BY_SCHEMA, NO_TOOLS).request is request
    with pytest.raises(Unsupported):
        fitted(asking(tools=TOOLS, tool_choice=ToolChoice("required")), BY_SCHEMA, NO_TOOLS)


@pytest.mark.parametrize("inputs", [None, frozenset({"text"})], ids=["unknown", "guessed"])
def test_a_model_gets_the_pictures_that_it_may_see(inputs: frozenset[str] | None) -> None:
    request = saying(PICTURE)
    assert fitted(request, EVERYTHING, Traits(inputs=inputs)).request is request


@pytest.mark.parametrize("part", [PICTURE, ToolResult("a", (PICTURE,))], ids=["said", "a-tools"])
def test_a_picture_that_the_model_would_not_see_is_refused(part: Part) -> None:
    with pytest.raises(Unsupported, match="images with this model"):
        fitted(saying(part), EVERYTHING, Traits(blind=True))
