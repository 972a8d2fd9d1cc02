"""The state of another provider's part travels in a ``thoughtSignature`` that only Turnout reads."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.genai import types as sdk
from msgspec import Raw

from tests.support.gemini_wire import CONTEXT, STREAM, TARGET, UNARY, deployment, encoded, parse, streamed_request, turn
from tests.support.whole_requests import read_whole
from turnout.core import Answer, Choice, Finish, Part, RedactedThinking, Text, Thinking, ToolCall
from turnout.dialects.gemini.signature import MARK
from turnout.errors import InvalidRequest
from turnout.providers.gemini.provider import Gemini

GEMINI = Gemini()
OPENAI = {"openai": {"encrypted_content": Raw(b'"x/+="')}}
PARTS: tuple[Part, ...] = (
    Thinking("Hm.", "c2ln/+=="),
    RedactedThinking("sealed/+"),
    RedactedThinking("??? > ??? > ???"),  # its base64 has slashes
    RedactedThinking(">>> ? >>> ? >>>"),  # its base64 has plus signs
    RedactedThinking("sealed", {"anthropic": {"more": Raw(b"1")}}),
    Thinking("", "signature of thoughts that are not shown"),
    Thinking("Hm.", None, OPENAI),
    ToolCall("c", "f", '{"a":1}', OPENAI),
)


def rendered(part: Part) -> dict[str, Any]:
    answer = Answer(choices=(Choice(0, (part,), Finish("stop", "stop")),))
    fields: dict[str, Any] = json.loads(UNARY.body(streamed_request(), answer, CONTEXT))["candidates"][0]["content"][
        "parts"
    ][0]
    return fields


@pytest.mark.parametrize("part", PARTS, ids=lambda part: type(part).__name__)
@pytest.mark.parametrize("through_the_sdk", [False, True], ids=["as_it_is", "by_the_sdk"])
def test_it_comes_back(part: Part, through_the_sdk: bool) -> None:
    """The SDK decodes base64, and encodes it for URLs."""
    sent = rendered(part)
    if through_the_sdk:
        sent = sdk.Part.model_validate(sent).model_dump(mode="json", by_alias=True, exclude_none=True)
    (message,) = parse(turn(sent, role="model")).messages
    assert message.parts == (part,)


def test_google_is_not_sent_what_it_could_not_read() -> None:
    """The client's bytes would hold another provider's signature: the request is built from the core instead."""
    turn_parts = [rendered(part) for part in (PARTS[0], Text("It is."), PARTS[-1])]
    request = parse(turn({"text": "hi"}), turn(*turn_parts, role="model"))
    assert GEMINI.operation(request).wire != (request.raw and request.raw.wire)
    sent = GEMINI.build(request, deployment(model="gemini-3-pro")).body
    assert MARK.encode() not in sent
    assert json.loads(sent)["contents"][1]["parts"] == [
        {"text": "It is."},
        {
            "functionCall": {"id": "c", "name": "f", "args": {"a": 1}},
            "thoughtSignature": "skip_thought_signature_validator",
        },
    ]


def test_googles_own_signatures_are_relayed() -> None:
    request = parse(turn({"text": "hi", "thoughtSignature": "c2ln"}, role="model"))
    assert request.raw is not None
    assert GEMINI.operation(request).wire == request.raw.wire


@pytest.mark.parametrize(
    "damaged", [MARK, MARK + "e30", MARK + "bm9qc29u", MARK + "!!!!", MARK + "eyJzaWduYXR1cmUiOjV9"]
)
def test_what_was_changed_on_its_way_is_refused(damaged: str) -> None:
    body = encoded({"contents": [turn({"text": "a", "thought": True, "thoughtSignature": damaged}, role="model")]})
    if damaged == MARK + "e30":
        assert read_whole(STREAM, body, TARGET).messages[0].parts == (Thinking("a"),)
        return
    with pytest.raises(InvalidRequest) as caught:
        read_whole(STREAM, body, TARGET)
    assert caught.value.param == "contents[0].parts[0].thoughtSignature"
