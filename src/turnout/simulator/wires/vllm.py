"""vLLM under ``/vllm``: OpenAI's wire with its differences (https://docs.vllm.ai/en/latest/serving/openai_compatible_server/),
and the demonstration server's ``/generate`` (vllm/entrypoints/api_server.py), which is also at the root.

Thinking is in ``reasoning`` (``reasoning_content`` in older versions). An error's ``code`` is the status, a number.
``/generate`` takes a plain prompt, and sends the prompt before every text. Each line of a stream has the whole text so
far.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http.client import responses
from typing import Annotated, Any

import msgspec

from turnout.simulator.answer import Answer
from turnout.simulator.http import Request
from turnout.simulator.question import Conversation, Question
from turnout.simulator.refused import Refused
from turnout.simulator.rules import vllm
from turnout.simulator.wire import MODELS, Frame, JsonBodies, decode, route

from .openai import Body, OpenAIChat, counts, model_row


class VllmChat(OpenAIChat):
    name = "vllm"
    request_id_header = ""
    rules = vllm.RULES
    _reasoning = "reasoning"
    _extras: Mapping[str, str] = {}

    def _continues(self, body: Body) -> bool:
        return bool(body.continue_final_message)

    def _usage(self, answer: Answer) -> dict[str, Any]:
        return {**counts(answer.usage), "prompt_tokens_details": None}

    def error_object(self, refused: Refused) -> dict[str, Any]:
        name = responses.get(refused.status, "Error").replace(" ", "")
        kind = name if name.endswith("Error") else f"{name}Error"
        return {"message": refused.message, "type": kind, "param": refused.param, "code": refused.status}


class GenerateBody(msgspec.Struct):
    prompt: str
    stream: bool = False
    max_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = 16
    stop: str | list[str] | None = None


GENERATE_BODY = msgspec.json.Decoder(GenerateBody)


class Generate(JsonBodies):
    """The request names no model, so only the header can have a script."""

    name = "vllm-generate"
    media_type = ""
    request_id_header = ""
    ping = b""

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        body = decode(GENERATE_BODY, request.body)
        conversation = Conversation()
        conversation.text(body.prompt, is_prompt=True)
        return Question(
            model="",
            stream=body.stream,
            prompt=body.prompt,
            tokens=conversation.tokens(tools=0),
            max_tokens=body.max_tokens,
            stops=(body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ()),
        )

    def body(self, question: Question, answer: Answer) -> bytes:
        return msgspec.json.encode({"text": [question.prompt + "".join(answer.text)]})

    def stream(self, question: Question, answer: Answer) -> Iterator[Frame]:
        so_far = question.prompt
        for word in answer.text:
            so_far += word
            yield Frame(msgspec.json.encode({"text": [so_far]}) + b"\n", "content", 1)

    def error(self, refused: Refused) -> bytes:
        return msgspec.json.encode({"detail": refused.message})

    def error_event(self, refused: Refused) -> bytes:
        return self.error(refused) + b"\n"


def _models(_: Mapping[str, str], __: bytes) -> bytes:
    more = {"parent": None, "max_model_len": 32_768}
    rows = [{**model_row(name, "vllm"), "root": name, **more} for name in MODELS]
    return msgspec.json.encode({"object": "list", "data": rows})


CHAT = VllmChat()
GENERATE = Generate()

ROUTES = (
    route("POST", "/vllm/v1/chat/completions", CHAT),
    route("GET", "/vllm/v1/models", CHAT, _models),
    route("POST", "(/vllm)?/generate", GENERATE),
    route("GET", "/vllm/health", CHAT, lambda *_: b""),
    route("GET", "(/vllm)?/ping", CHAT, lambda *_: b""),
    route("GET", "(/vllm)?/version", CHAT, lambda *_: b'{"version":"0.25.2"}'),
)
