"""Ollama's native chat (https://docs.ollama.com/api/chat, errors: https://docs.ollama.com/api/errors).

Streams by default, one JSON object a line. Tool calls come whole, a line each; arguments are an object. Durations are
nanoseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec

from turnout.simulator.answer import Answer, Call
from turnout.simulator.http import Request
from turnout.simulator.question import Conversation, Question, Tool
from turnout.simulator.refused import Refused
from turnout.simulator.wire import MODELS, Frame, decode, route

TOKEN_NS = 1_000_000


class CalledFunction(msgspec.Struct):
    name: str
    arguments: dict[str, Any] = {}


class ToolCall(msgspec.Struct):
    function: CalledFunction


class Message(msgspec.Struct):
    role: Literal["system", "user", "assistant", "tool"]
    content: str | None = None
    images: list[str] | None = None
    tool_calls: list[ToolCall] | None = None


class Function(msgspec.Struct):
    name: str
    parameters: dict[str, Any] = {}


class ToolOffered(msgspec.Struct):
    function: Function


class Options(msgspec.Struct):
    num_predict: int | None = None
    stop: str | list[str] | None = None


class Body(msgspec.Struct):
    model: Annotated[str, msgspec.Meta(min_length=1)]
    messages: list[Message]
    stream: bool | None = None
    tools: list[ToolOffered] | None = None
    options: Options | None = None
    think: bool | Literal["low", "medium", "high", "max"] | None = None


BODY = msgspec.json.Decoder(Body)


class OllamaChat:
    name = "ollama"
    media_type = "application/x-ndjson"
    request_id_header = ""

    # --- the request ---------------------------------------------------------------------------------

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        body = decode(BODY, request.body)
        options = body.options or Options()
        conversation = Conversation()
        for message in body.messages:
            _read_message(message, conversation)
        return Question(
            model=body.model,
            stream=body.stream is not False,
            prompt=conversation.prompt,
            tokens=conversation.tokens(len(body.tools or ())),
            results=tuple(conversation.results),
            images=tuple(conversation.images),
            tools=tuple(Tool(tool.function.name, tool.function.parameters) for tool in body.tools or ()),
            max_tokens=options.num_predict if options.num_predict and options.num_predict > 0 else None,
            stops=(options.stop,) if isinstance(options.stop, str) else tuple(options.stop or ()),
            thinking=bool(body.think),
        )

    # --- the answer ----------------------------------------------------------------------------------

    def body(self, question: Question, answer: Answer) -> bytes:
        message: dict[str, Any] = {"role": "assistant", "content": "".join(answer.text)}
        if answer.thinking:
            message["thinking"] = "".join(answer.thinking)
        if answer.calls:
            message["tool_calls"] = [_call(index, call) for index, call in enumerate(answer.calls)]
        return msgspec.json.encode({**_line(question, message), **_done(answer)})

    def stream(self, question: Question, answer: Answer) -> Iterator[Frame]:
        for thought in answer.thinking:
            yield _frame(_line(question, {"role": "assistant", "content": "", "thinking": thought}))
        for word in answer.text:
            yield _frame(_line(question, {"role": "assistant", "content": word}))
        for index, call in enumerate(answer.calls):
            message = {"role": "assistant", "content": "", "tool_calls": [_call(index, call)]}
            yield _frame(_line(question, message), tokens=call.tokens)
        last = {**_line(question, {"role": "assistant", "content": ""}), **_done(answer)}
        yield Frame(msgspec.json.encode(last) + b"\n", "end")

    # --- errors --------------------------------------------------------------------------------------

    def error(self, refused: Refused) -> bytes:
        return msgspec.json.encode({"error": refused.message})

    def error_event(self, refused: Refused) -> bytes:
        return self.error(refused) + b"\n"


def _read_message(message: Message, conversation: Conversation) -> None:
    if message.role == "tool":
        return conversation.result(message.content or "")
    conversation.begin(message.role)
    conversation.text(message.content or "", asked=message.role == "user")
    for image in message.images or ():
        conversation.image(image)
    return None


def _call(index: int, call: Call) -> dict[str, Any]:
    arguments = msgspec.Raw(call.arguments.encode())
    return {"id": f"call_{call.id}", "function": {"index": index, "name": call.name, "arguments": arguments}}


def _line(question: Question, message: dict[str, Any]) -> dict[str, Any]:
    return {"model": question.model, "created_at": datetime.now(UTC), "message": message, "done": False}


def _done(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    return {
        "done": True,
        "done_reason": "length" if answer.finish == "length" else "stop",
        "total_duration": (usage.input + usage.output) * TOKEN_NS,
        "load_duration": 0,
        "prompt_eval_count": usage.input,
        "prompt_eval_duration": usage.input * TOKEN_NS,
        "eval_count": usage.output,
        "eval_duration": usage.output * TOKEN_NS,
    }


def _frame(line: dict[str, Any], tokens: int = 1) -> Frame:
    return Frame(msgspec.json.encode(line) + b"\n", "content", tokens)


def _tags(_: Mapping[str, str]) -> bytes:
    details = {
        "format": "gguf",
        "family": "sim",
        "families": ["sim"],
        "parameter_size": "1B",
        "quantization_level": "F16",
    }
    row = {"modified_at": "2025-01-01T00:00:00Z", "size": 1, "digest": "0" * 64, "details": details}
    names = [f"{name}:latest" for name in MODELS]
    return msgspec.json.encode({"models": [{"name": name, "model": name, **row} for name in names]})


OLLAMA = OllamaChat()

ROUTES = (
    route("POST", "/api/chat", OLLAMA),
    route("GET", "/api/tags", OLLAMA, _tags),
    route("GET", "/api/version", OLLAMA, lambda _: b'{"version":"0.40.12"}'),
)
