"""What OpenAI does with the input of a response besides answering it: it makes a conversation short
(https://developers.openai.com/api/docs/guides/compaction), and counts its tokens
(https://platform.openai.com/docs/api-reference/responses/input-tokens).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from turnout.simulator.answer import Answer
from turnout.simulator.http import Request
from turnout.simulator.question import Question
from turnout.simulator.wire import decode

from .openai import OpenAIChat
from .openai_responses import Responses
from .openai_responses_body import BODY, Item
from .openai_responses_object import usage_fields
from .openai_responses_summary import closed


class Compact(Responses):
    """The user's messages stay, and one item stands for all the rest: its summary is the answer to the conversation."""

    kind = "compact"

    def __init__(self, vendor: OpenAIChat) -> None:
        super().__init__(vendor)
        self.rules = ()

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        body = decode(BODY, request.body)
        items, conversation = self._read_conversation(body)
        return Question(
            model=body.model,
            stream=False,
            prompt=conversation.prompt,
            tokens=conversation.tokens(0),
            results=tuple(conversation.results),
            details=[item for item in items if item.type == "message" and item.role == "user"],
        )

    def body(self, question: Question, answer: Answer) -> bytes:
        summary = {"id": f"cmp_{answer.id}", "type": "compaction", "encrypted_content": closed("".join(answer.text))}
        messages = [_message(item, f"msg_{answer.id}_{at}") for at, item in enumerate(question.details)]
        return msgspec.json.encode(
            {
                "id": f"resp_{answer.id}",
                "object": "response.compaction",
                "created_at": int(time.time()),
                "output": [*messages, summary],
                "usage": usage_fields(answer),
            }
        )


class InputTokens(Responses):
    kind = "count"

    def __init__(self, vendor: OpenAIChat) -> None:
        super().__init__(vendor)
        self.rules = ()

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        body = decode(BODY, request.body)
        _, conversation = self._read_conversation(body)
        tokens = conversation.tokens(sum(tool.type == "function" for tool in body.tools))
        return Question(model=body.model, stream=False, prompt="", tokens=tokens, generates=False)

    def body(self, question: Question, answer: Answer) -> bytes:
        return msgspec.json.encode({"object": "response.input_tokens", "input_tokens": answer.usage.input})


def _message(item: Item, id_: str) -> dict[str, Any]:
    """A message of the user's as an item of the output."""
    text = item.content
    content = [{"type": "input_text", "text": text}] if isinstance(text, str) else text
    return {"id": id_, "type": "message", "role": "user", "status": "completed", "content": content}
