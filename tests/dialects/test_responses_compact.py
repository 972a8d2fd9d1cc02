"""A long conversation becomes a short one: by OpenAI, or by a summary of the model's."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from msgspec import Raw
from openai._models import construct_type
from openai.types.responses.compacted_response import CompactedResponse

from tests.support.openai_wire import CONTEXT, PROVIDER, VENDORS, deployment
from tests.support.whole_requests import read_whole
from turnout.core import (
    Answer,
    ChatRequest,
    Choice,
    Continuation,
    Finish,
    FinishReason,
    Message,
    Relayed,
    Text,
    Thinking,
    ToolCall,
    Usage,
    UsageSoFar,
    whole,
)
from turnout.dialects import ConversationEndpoint, Endpoint, endpoint_at
from turnout.dialects.sealed import seal
from turnout.errors import InvalidRequest, Unreadable, UpstreamBroken
from turnout.providers.openai.responses import CompactWire

ENDPOINT: Endpoint[ChatRequest, Answer] = endpoint_at("/v1/responses/compact")
RESPONSES: Endpoint[ChatRequest, Answer] = endpoint_at("/v1/responses")
ITEMS = [
    {"role": "user", "content": "Find the fault."},
    {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "c1", "output": "Line 7."},
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "And?"}]},
]


def compact(**fields: Any) -> ChatRequest:
    return ENDPOINT.parse(json.dumps({"model": "fast", "input": ITEMS, **fields}).encode())


def answer(*parts: Any, reason: FinishReason = "stop") -> Answer:
    usage = Usage(input=9, output=4)
    return Answer(created=5, choices=(Choice(0, parts, Finish(reason, reason)),), usage=usage)


def body(request: ChatRequest, result: Answer) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(ENDPOINT.body(request, result, CONTEXT))
    return decoded


def test_the_model_is_asked_for_a_summary_and_for_nothing_else() -> None:
    tools = [{"type": "function", "name": "look", "parameters": {"type": "object"}}]
    request = whole(compact(instructions="Be brief.", tools=tools, tool_choice="required", stream=True))
    *conversation, task = request.messages
    assert [message.role for message in conversation] == ["system", "user", "assistant", "tool", "user"]
    assert isinstance(task.parts[0], Text)
    assert task.parts[0].text.startswith("Summarize this conversation")
    assert (request.tools, request.tool_choice, request.stream) == ((), None, False)


def test_the_users_messages_stay_beside_the_summary() -> None:
    whole_body = body(compact(), answer(Thinking("Hm."), Text("Line 7 "), Text("is wrong.")))
    assert whole_body["object"] == "response.compaction"
    first, second, item = whole_body["output"]
    assert [first["content"][0]["text"], second["content"][0]["text"]] == ["Find the fault.", "And?"]
    assert item["type"] == "compaction"
    compacted = construct_type(type_=CompactedResponse, value=whole_body)  # as the SDK does: users have no type there
    assert isinstance(compacted, CompactedResponse)
    assert (compacted.created_at, compacted.usage.total_tokens, len(compacted.output)) == (5, 13, 3)


def test_the_next_turn_knows_the_summary_at_every_provider() -> None:
    output = body(compact(), answer(Text("Line 7 is wrong.")))["output"]
    after = {"role": "user", "content": "Mend it."}
    fields = {"model": "fast", "input": [*output, after]}
    request = read_whole(RESPONSES, json.dumps(fields).encode())
    summary = Text("This is a summary of the conversation so far:\n\nLine 7 is wrong.")
    assert request.messages[2:] == (Message("user", (summary,)), Message("user", (Text("Mend it."),)))

    sent = PROVIDER.operation(request).build(request, deployment())
    relayed = msgspec.json.decode(sent.body)["input"]
    assert relayed == [*output[:2], {"role": "user", "content": summary.text}, after]


def test_what_only_openai_can_read_is_for_openai() -> None:
    item = {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAAA"}
    request = read_whole(RESPONSES, json.dumps({"model": "m", "input": [item, *ITEMS]}).encode())
    assert request.extensions == {"openai-responses": {"input[0].type": Raw(b'"compaction"')}}
    sent = PROVIDER.operation(request).build(request, deployment())
    assert msgspec.json.decode(sent.body)["input"][0] == item


@pytest.mark.parametrize("vendor", ["openai", "azure"])
def test_openai_gets_what_the_client_said(vendor: str) -> None:
    request = compact(input=5, previous_response_id="resp_1", odd=True)
    wire = VENDORS[vendor].operation(request)
    assert isinstance(wire, CompactWire)
    sent = wire.build(request, deployment(model="gpt-5", base_url=f"https://{vendor}.example"))
    assert sent.url.endswith("/v1/responses/compact")
    fields = {"model": "gpt-5", "input": 5, "previous_response_id": "resp_1", "odd": True}
    assert msgspec.json.decode(sent.body) == fields
    reply = b'{"id":"resp_2","object":"response.compaction","output":[],"usage":{"input_tokens":9,"output_tokens":4}}'
    relay = wire.relay(request)
    events = [*relay.feed(reply), *relay.close()]
    assert events == [Relayed(reply), UsageSoFar(Usage(input=9, output=4)), Finish("stop", "completed")]
    with pytest.raises(Unreadable):
        whole(request)


def test_an_earlier_answer_is_part_of_the_conversation() -> None:
    assert isinstance(ENDPOINT, ConversationEndpoint)
    earlier = Continuation((Raw(b'{"role":"user","content":"Before."}'),), "elsewhere")
    request = ENDPOINT.continued(compact(previous_response_id="resp_1"), earlier, ())
    texts = [message.parts[0] for message in whole(request).messages if message.role == "user"]
    assert texts[:2] == [Text("Before."), Text("Find the fault.")]
    told = body(request, answer(Text("All.")))["output"]
    assert [item["content"][0]["text"] for item in told[:-1]] == ["Before.", "Find the fault.", "And?"]
    assert ENDPOINT.turn(request, b"{}") is None
    sent = PROVIDER.operation(request).build(request, deployment())
    replayed = msgspec.json.decode(sent.body)
    assert (replayed["input"][0], "previous_response_id" in replayed) == ({"role": "user", "content": "Before."}, False)


def test_a_summary_of_an_earlier_turn_is_replayed_in_words() -> None:
    item = Raw(json.dumps({"type": "compaction", "encrypted_content": seal(Text("So far."))}).encode())
    request = RESPONSES.parse(b'{"model":"m","input":"Go on.","previous_response_id":"resp_1"}')
    assert isinstance(RESPONSES, ConversationEndpoint)
    request = RESPONSES.continued(request, Continuation((item,), "elsewhere"), ())
    sent = PROVIDER.operation(request).build(request, deployment())
    assert msgspec.json.decode(sent.body)["input"][0] == {"role": "user", "content": "So far."}


@pytest.mark.parametrize(
    "result",
    [
        answer(Text("Half"), reason="length"),
        answer(Text("  ")),
        answer(Thinking("Hm.")),
        answer(ToolCall("c", "look", "{}"), reason="tool_calls"),
        Answer(),
    ],
)
def test_half_a_summary_is_none(result: Answer) -> None:
    with pytest.raises(UpstreamBroken):
        ENDPOINT.body(compact(), result, CONTEXT)


def test_a_model_has_to_be_named() -> None:
    with pytest.raises(InvalidRequest) as refused:
        ENDPOINT.parse(b'{"input":"Hello"}')
    assert refused.value.param == "model"
