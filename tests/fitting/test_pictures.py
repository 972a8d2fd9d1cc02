"""Pictures of answers are shown where a provider can see them, and asked for in its own words."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Raw, structs

from turnout.core import ChatRequest, Image, Message, Text, ToolCall, ToolResult
from turnout.errors import Unsupported

from .fitted import EVERYTHING, asking, fitted, fitted_chat, named

PICTURE = Image(data="iVBO", media_type="image/png")
ASKED = Message("user", (Text("draw"),))
SHOWN = Message("user", (Text("Your last answer showed this:"), PICTURE))
GEMINI = structs.replace(EVERYTHING, namespace="gemini")
RESULT = Message("tool", (ToolResult("c1", (Text("ok"),)),))


def conversation(*answer: Any, then: tuple[Message, ...] = ()) -> ChatRequest:
    return asking(messages=(ASKED, Message("assistant", answer), *then))


@pytest.mark.parametrize(
    ("request_", "right"),
    [
        pytest.param(
            conversation(Text("Here."), PICTURE, then=(ASKED,)),
            (ASKED, Message("assistant", (Text("Here."),)), SHOWN, ASKED),
            id="beside-a-text",
        ),
        pytest.param(
            conversation(PICTURE),
            (ASKED, Message("assistant", (Text("The next message shows my answer."),)), SHOWN),
            id="alone",
        ),
        pytest.param(
            conversation(PICTURE, ToolCall("c1", "f", "{}"), then=(RESULT, RESULT, ASKED)),
            (ASKED, Message("assistant", (ToolCall("c1", "f", "{}"),)), RESULT, RESULT, SHOWN, ASKED),
            id="after-the-results",
        ),
        pytest.param(
            conversation(Text("Here."), PICTURE, then=(Message("assistant", (Text("More."),)),)),
            (ASKED, Message("assistant", (Text("Here."),)), SHOWN, Message("assistant", (Text("More."),))),
            id="before-another-answer",
        ),
    ],
)
def test_they_are_shown_in_a_users_message(request_: ChatRequest, right: tuple[Message, ...]) -> None:
    assert fitted_chat(request_, EVERYTHING).messages == right
    assert named(request_, EVERYTHING) == []


def test_they_and_those_of_results_are_shown_together_and_named_by_the_clients_numbers() -> None:
    drawn = Message("assistant", (PICTURE, ToolCall("c1", "f", "{}")))
    result = Message("tool", (ToolResult("c1", (Text("ok"), PICTURE)),))
    request = asking(messages=(ASKED, drawn, result, ASKED, drawn, result))
    result_fitted = fitted(request, structs.replace(EVERYTHING, result_media=False))
    shown_result = (Text("The result of the tool call c1 shows this:"), PICTURE)
    chat = result_fitted.request
    assert isinstance(chat, ChatRequest)
    assert [message.role for message in chat.messages] == ["user", "assistant", "tool", "user"] * 2
    assert [message for message in chat.messages if PICTURE in message.parts] == [
        Message("user", (*SHOWN.parts, *shown_result))
    ] * 2
    assert [change.field for change in result_fitted.changes] == [
        "messages[1].content",
        "messages[2].content[0].content",
        "messages[4].content",
        "messages[5].content[0].content",
    ]


def test_they_stay_where_an_answer_may_have_them() -> None:
    request = conversation(Text("Here."), PICTURE)
    support = structs.replace(EVERYTHING, answer_images=True)
    assert fitted_chat(request, support).messages == request.messages


@pytest.mark.parametrize(
    ("modalities", "right"), [(b'["image","text"]', b'["IMAGE","TEXT"]'), (b'["image"]', b'["IMAGE"]')]
)
def test_they_are_asked_for_in_geminis_words(modalities: bytes, right: bytes) -> None:
    request = asking(extensions={"openai": {"modalities": Raw(modalities)}})
    extensions = fitted_chat(request, GEMINI).extensions or {}
    assert extensions["gemini"] == {"generationConfig.responseModalities": Raw(right)}
    assert named(request, GEMINI) == []


@pytest.mark.parametrize("modalities", [b'["text","audio"]', b'"image"'])
def test_other_modalities_are_refused(modalities: bytes) -> None:
    with pytest.raises(Unsupported) as caught:
        fitted_chat(asking(extensions={"openai": {"modalities": Raw(modalities)}}), GEMINI)
    assert caught.value.param == "modalities"


def test_text_alone_says_nothing() -> None:
    request = asking(extensions={"openai": {"modalities": Raw(b'["text"]')}})
    assert "gemini" not in (fitted_chat(request, GEMINI).extensions or {})
    assert named(request, GEMINI) == []


def test_who_draws_nothing_refuses_it() -> None:
    with pytest.raises(Unsupported):
        fitted_chat(asking(extensions={"openai": {"modalities": Raw(b'["image","text"]')}}), EVERYTHING)
