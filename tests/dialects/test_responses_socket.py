"""Messages of a WebSocket become requests, and its last answer is kept where nobody else keeps it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from turnout.dialects import SocketConversation, SocketEndpoint, endpoint_at
from turnout.errors import InvalidRequest

REASONING = {"type": "reasoning", "id": "rs_1", "summary": []}
ENCRYPTED = {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "gAAAA"}
MESSAGE = {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": []}
SENT_BACK = [
    {"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"},
    {"type": "message", "role": "assistant", "content": []},
]
ONE, TWO = ({"role": "user", "content": text} for text in ("One.", "Two."))


def conversation() -> SocketConversation:
    endpoint = endpoint_at("/v1/responses")
    assert isinstance(endpoint, SocketEndpoint)
    talk = endpoint.socket_conversation()
    assert talk is not None
    return talk


def turn(talk: SocketConversation, answer_id: str | None = "resp_1", **fields: Any) -> dict[str, Any]:
    """The body of a request. It is answered, unless the id is None."""
    asked = talk.asked(json.dumps({"type": "response.create", "model": "m", **fields}))
    if answer_id:
        talk.answered(asked, b'{"type":"response.output_text.delta","delta":"\\"response.completed\\""}')
        response = {"id": answer_id, "output": [REASONING, ENCRYPTED, MESSAGE]}
        talk.answered(asked, json.dumps({"type": "response.completed", "response": response}).encode())
    body: dict[str, Any] = json.loads(asked.body)
    return body


def test_a_message_is_the_body_of_a_stream() -> None:
    body = turn(conversation(), input="Hi.", background=True, stream=False, odd=1)
    assert body == {"model": "m", "input": "Hi.", "odd": 1, "stream": True}


def test_what_nobody_stores_is_repeated() -> None:
    talk = conversation()
    assert turn(talk, input=[ONE], store=False)["input"] == [ONE]
    body = turn(talk, "resp_2", input=[TWO], store=False, previous_response_id="resp_1")
    assert body == {"model": "m", "input": [ONE, *SENT_BACK, TWO], "store": False, "stream": True}
    body = turn(talk, None, previous_response_id="resp_2")
    assert body["input"] == [ONE, *SENT_BACK, TWO, *SENT_BACK]


@pytest.mark.parametrize("fields", [{}, {"store": True}])
def test_what_is_stored_is_found_by_its_id(fields: dict[str, Any]) -> None:
    talk = conversation()
    turn(talk, input=[ONE], **fields)
    body = turn(talk, input=[TWO], previous_response_id="resp_1", **fields)
    assert (body["input"], body["previous_response_id"]) == ([TWO], "resp_1")


def test_only_the_last_answer_is_kept() -> None:
    talk = conversation()
    turn(talk, input=[ONE], store=False)
    turn(talk, "resp_2", input=[TWO], store=False)
    assert turn(talk, None, input=[TWO], store=False, previous_response_id="resp_1")["previous_response_id"] == "resp_1"


def test_an_answer_that_failed_keeps_the_one_before() -> None:
    talk = conversation()
    turn(talk, input=[ONE], store=False)
    turn(talk, None, input=[TWO], store=False)
    assert turn(talk, None, input=[TWO], previous_response_id="resp_1")["input"] == [ONE, *SENT_BACK, TWO]


@pytest.mark.parametrize("message", ["", "x", "[]", "{}", '{"type":"response.cancel"}', '{"type":5}'])
def test_other_messages_ask_for_nothing(message: str) -> None:
    with pytest.raises(InvalidRequest, match="has to be a JSON object"):
        conversation().asked(message)


def test_an_error_has_its_status() -> None:
    told = json.loads(conversation().error(429, b'{"error":{"message":"Wait."}}'))
    assert told == {"type": "error", "status": 429, "error": {"message": "Wait."}}
