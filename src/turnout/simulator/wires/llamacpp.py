"""llama.cpp's server (https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md): its native
``/completion`` at the root and under ``/llamacpp``, and OpenAI's wire with its differences under ``/llamacpp``.

Thinking is in ``reasoning_content``. A native stream's last event has ``stop: true``; there is no ``[DONE]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec

from turnout.simulator.answer import Answer
from turnout.simulator.http import Request
from turnout.simulator.question import Conversation, Question
from turnout.simulator.refused import Refused
from turnout.simulator.rules import llamacpp
from turnout.simulator.wire import Frame, JsonBodies, decode, route, sse

from .openai import Body, OpenAIChat, counts, list_models

ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    501: "not_supported_error",
    503: "unavailable_error",
}


def _error_object(refused: Refused) -> dict[str, Any]:
    return {"code": refused.status, "message": refused.message, "type": ERRORS.get(refused.status, "server_error")}


class LlamaChat(OpenAIChat):
    name = "llamacpp"
    request_id_header = ""
    rules = llamacpp.RULES
    _reasoning = "reasoning_content"
    _extras: Mapping[str, str] = {"system_fingerprint": "b1-simulator"}

    def _continues(self, body: Body) -> bool:
        return True

    def _repeats(self, body: Body) -> bool:
        """Since May 2026, unless it is told to continue: https://github.com/ggml-org/llama.cpp/pull/23089."""
        return not body.continue_final_message

    def _usage(self, answer: Answer) -> dict[str, Any]:
        return {**counts(answer.usage), "prompt_tokens_details": {"cached_tokens": answer.usage.cached}}

    def error_object(self, refused: Refused) -> dict[str, Any]:
        return _error_object(refused)


class CompletionBody(msgspec.Struct):
    prompt: str
    model: str = ""
    stream: bool = False
    n_predict: Annotated[int, msgspec.Meta(ge=-1)] = -1
    stop: list[str] = []


COMPLETION_BODY = msgspec.json.Decoder(CompletionBody)


class Completion(JsonBodies):
    name = "llamacpp-completion"
    media_type = "text/event-stream"
    request_id_header = ""

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        body = decode(COMPLETION_BODY, request.body)
        conversation = Conversation()
        conversation.text(body.prompt, is_prompt=True)
        return Question(
            model=body.model,
            stream=body.stream,
            prompt=body.prompt,
            tokens=conversation.tokens(tools=0),
            max_tokens=None if body.n_predict < 0 else body.n_predict,
            stops=tuple(body.stop),
        )

    def body(self, question: Question, answer: Answer) -> bytes:
        return msgspec.json.encode(_final(question, answer, "".join(answer.text)))

    def stream(self, question: Question, answer: Answer) -> Iterator[Frame]:
        for count, word in enumerate(answer.text, start=1):
            event = {"index": 0, "content": word, "tokens": [count], "stop": False, "id_slot": 0}
            counts = {"tokens_predicted": count, "tokens_evaluated": answer.usage.input}
            yield Frame(sse({**event, **counts}), "content", 1)
        yield Frame(sse(_final(question, answer, "")), "end")

    def error(self, refused: Refused) -> bytes:
        return msgspec.json.encode({"error": _error_object(refused)})

    def error_event(self, refused: Refused) -> bytes:
        return sse({"error": _error_object(refused)})


def _final(question: Question, answer: Answer, content: str) -> dict[str, Any]:
    """The whole reply, which is also the last event of a stream, there without content."""
    usage = answer.usage
    return {
        "index": 0,
        "content": content,
        "tokens": [],
        "id_slot": 0,
        "stop": True,
        "model": question.model or "simulator",
        "tokens_predicted": usage.output,
        "tokens_evaluated": usage.input,
        "generation_settings": {"n_predict": -1 if question.max_tokens is None else question.max_tokens},
        "prompt": question.prompt,
        "has_new_line": "\n" in content,
        "truncated": False,
        "stop_type": "limit" if answer.finish == "length" else "word" if answer.stop else "eos",
        "stopping_word": answer.stop or "",
        "tokens_cached": usage.input + usage.output,
        "timings": {
            "prompt_n": usage.input,
            "prompt_ms": float(usage.input),
            "prompt_per_token_ms": 1.0,
            "prompt_per_second": 1000.0,
            "predicted_n": usage.output,
            "predicted_ms": 10.0 * usage.output,
            "predicted_per_token_ms": 10.0,
            "predicted_per_second": 100.0,
        },
    }


CHAT = LlamaChat()
COMPLETION = Completion()

ROUTES = (
    route("POST", "(/llamacpp)?/completions?", COMPLETION),
    route("GET", "(/llamacpp)?/health", CHAT, lambda *_: b'{"status":"ok"}'),
    route("POST", "/llamacpp/v1/chat/completions", CHAT),
    route("GET", "/llamacpp/v1/models", CHAT, lambda *_: list_models("llamacpp")),
)
