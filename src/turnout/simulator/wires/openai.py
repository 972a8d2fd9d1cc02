"""OpenAI Chat Completions (https://platform.openai.com/docs/api-reference/chat).

Another vendor on this wire is a subclass with its differences: see ``azure.py``, ``vllm.py``, ``llamacpp.py``. OpenAI
itself never shows a model's thinking, and only bills it as ``reasoning_tokens``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from turnout.simulator.answer import Answer, Call, Usage, likely, logprob
from turnout.simulator.http import Request
from turnout.simulator.question import Conversation, Question, Tool
from turnout.simulator.refused import Refused
from turnout.simulator.rules import Rule, openai_chat
from turnout.simulator.wire import MODELS, Frame, JsonBodies, decode, route, sse


class TextPart(msgspec.Struct, tag="text"):
    text: str


class RefusalPart(msgspec.Struct, tag="refusal"):
    refusal: str


class ImageUrl(msgspec.Struct):
    url: str


class ImagePart(msgspec.Struct, tag="image_url"):
    image_url: ImageUrl


class InputAudio(msgspec.Struct):
    data: str
    format: Literal["wav", "mp3"]


class AudioPart(msgspec.Struct, tag="input_audio"):
    input_audio: InputAudio


class FileSource(msgspec.Struct):
    file_data: str = ""
    file_id: str = ""


class FilePart(msgspec.Struct, tag="file"):
    file: FileSource


class CalledFunction(msgspec.Struct):
    name: str
    arguments: str


class ToolCall(msgspec.Struct):
    id: str
    function: CalledFunction


class Message(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[TextPart | ImagePart | AudioPart | FilePart | RefusalPart] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    prefix: bool | None = None
    partial: bool | None = None


class Function(msgspec.Struct):
    name: str
    parameters: dict[str, Any] = {}


class ToolOffered(msgspec.Struct):
    function: Function
    type: Literal["function"]


class NamedFunction(msgspec.Struct):
    name: str


class NamedTool(msgspec.Struct):
    function: NamedFunction


class StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class JsonSchema(msgspec.Struct):
    name: str
    schema: dict[str, Any] = {}


class ResponseFormat(msgspec.Struct):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class Body(msgspec.Struct):
    messages: Annotated[list[Message], msgspec.Meta(min_length=1)]
    model: str = ""
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: list[ToolOffered] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None
    max_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    max_completion_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    stop: str | list[str] | None = None
    n: Annotated[int, msgspec.Meta(ge=1, le=128)] | None = None
    reasoning_effort: str | None = None
    response_format: ResponseFormat | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None
    continue_final_message: bool | None = None


BODY = msgspec.json.Decoder(Body)

ERRORS: Mapping[int, tuple[str, str | None]] = {
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
}
"""Error types and codes (https://platform.openai.com/docs/guides/error-codes)."""


class OpenAIChat(JsonBodies):
    """``_reasoning`` is the name of the field with thinking; empty if the vendor hides thinking.

    ``_extras`` are fields of every answer and chunk that differ between vendors.
    """

    name = "openai"
    media_type = "text/event-stream"
    request_id_header = "x-request-id"
    rules: Sequence[Rule] = openai_chat.RULES
    _reasoning = ""
    _extras: Mapping[str, str] = {"service_tier": "default", "system_fingerprint": "fp_simulator"}

    # --- the request ---------------------------------------------------------------------------------

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        return self.question(decode(BODY, request.body), path.get("deployment", ""))

    def question(self, body: Body, deployment: str = "") -> Question:
        model = deployment or body.model
        if not model:
            raise Refused(400, "you must provide a model parameter")
        conversation = Conversation()
        _read_messages(body.messages, conversation)
        return Question(
            model=model,
            stream=bool(body.stream),
            prompt=conversation.prompt,
            tokens=conversation.tokens(len(body.tools or ())),
            results=tuple(conversation.results),
            images=tuple(conversation.images),
            recordings=tuple(conversation.recordings),
            documents=tuple(conversation.documents),
            tools=tuple(Tool(tool.function.name, tool.function.parameters) for tool in body.tools or ()),
            tool_choice=_tool_choice(body.tool_choice),
            max_tokens=body.max_completion_tokens or body.max_tokens,
            stops=(body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ()),
            thinking=body.reasoning_effort not in (None, "none"),
            choices=body.n or 1,
            include_usage=bool(body.stream_options and body.stream_options.include_usage),
            schema=_schema(body.response_format),
            logprobs=body.top_logprobs or 0 if body.logprobs else None,
            prefill=conversation.prefill if self._continues(body) else "",
            repeats=self._repeats(body),
        )

    def _continues(self, body: Body) -> bool:
        """Whether the vendor goes on from the assistant's message at the end. OpenAI begins a new one."""
        return False

    def _repeats(self, body: Body) -> bool:
        return False

    # --- the answer ----------------------------------------------------------------------------------

    def body(self, question: Question, answer: Answer) -> bytes:
        message: dict[str, Any] = {
            "role": "assistant",
            "content": "".join(answer.text) if not answer.calls and not answer.refused else None,
            "refusal": "".join(answer.text) if answer.refused else None,
        }
        if self._reasoning and answer.thinking:
            message[self._reasoning] = "".join(answer.thinking)
        if answer.calls:
            message["tool_calls"] = [_call(call) for call in answer.calls]
        choices = [
            {
                "index": index,
                "message": message,
                "logprobs": _logprobs(question, answer.text),
                "finish_reason": answer.finish,
            }
            for index in range(question.choices)
        ]
        return msgspec.json.encode(
            {**self._envelope("chat.completion", question, answer), "choices": choices, "usage": self._usage(answer)}
        )

    def stream(self, question: Question, answer: Answer) -> Iterator[Frame]:
        envelope = self._envelope("chat.completion.chunk", question, answer)
        no_usage = {"usage": None} if question.include_usage else {}
        for kind, tokens, delta, finish in self._deltas(answer):
            for index in range(question.choices):
                words = (delta["content"],) if delta.get("content") else ()
                logprobs = _logprobs(question, words) if words else None
                choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
                yield Frame(sse({**envelope, "choices": [choice], **no_usage}), kind, tokens)
        if question.include_usage:
            yield Frame(sse({**envelope, "choices": [], "usage": self._usage(answer)}), "end")
        yield Frame(b"data: [DONE]\n\n", "terminator")

    def _deltas(
        self, answer: Answer
    ) -> Iterator[tuple[Literal["other", "content", "end"], int, dict[str, Any], str | None]]:
        hidden = 0 if self._reasoning else len(answer.thinking)
        yield "other", hidden, {"role": "assistant", "content": None if answer.calls else "", "refusal": None}, None
        for thought in answer.thinking if self._reasoning else ():
            yield "content", 1, {self._reasoning: thought}, None
        for word in answer.text:
            yield "content", 1, {"refusal" if answer.refused else "content": word}, None
        for index, call in enumerate(answer.calls):
            start = {"index": index, **_call(call, arguments="")}
            yield "content", 1, {"tool_calls": [start]}, None
            for piece in call.pieces:
                yield "content", 1, {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, None
        yield "end", 0, {}, answer.finish

    def _envelope(self, kind: str, question: Question, answer: Answer) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{answer.id}",
            "object": kind,
            "created": int(time.time()),
            "model": question.model,
            **self._extras,
        }

    def _usage(self, answer: Answer) -> dict[str, Any]:
        usage = answer.usage
        return {
            **counts(usage),
            "prompt_tokens_details": {
                "cached_tokens": usage.cached,
                "cache_write_tokens": usage.cache_write,
                "audio_tokens": 0,
            },
            "completion_tokens_details": {
                "reasoning_tokens": usage.reasoning,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }

    # --- errors --------------------------------------------------------------------------------------

    def error(self, refused: Refused) -> bytes:
        return msgspec.json.encode({"error": self.error_object(refused)})

    def error_event(self, refused: Refused) -> bytes:
        return sse({"error": self.error_object(refused)})

    def error_object(self, refused: Refused) -> dict[str, Any]:
        kind, code = ERRORS.get(
            refused.status, ("server_error" if refused.status >= 500 else "invalid_request_error", None)
        )
        return {"message": refused.message, "type": kind, "param": refused.param, "code": refused.code or code}


def _read_messages(messages: Sequence[Message], conversation: Conversation) -> None:
    for message in messages:
        if message.role == "tool":
            conversation.result(_text(message))
            continue
        conversation.begin(message.role)
        _read_content(message, conversation)


def _read_content(message: Message, conversation: Conversation) -> None:
    if isinstance(message.content, str):
        return conversation.text(message.content, is_prompt=message.role == "user")
    for part in message.content or ():
        match part:
            case TextPart():
                conversation.text(part.text, is_prompt=message.role == "user")
            case ImagePart():
                conversation.image_url(part.image_url.url)
            case AudioPart():
                conversation.recording(part.input_audio.data)
            case FilePart(file=file):
                _read_file(file, conversation)
            case RefusalPart():
                conversation.text(part.refusal)
    return None


def _read_file(file: FileSource, conversation: Conversation) -> None:
    if file.file_data:
        conversation.document(file.file_data)
    else:
        conversation.document_at(file.file_id)


def _schema(response_format: ResponseFormat | None) -> dict[str, Any] | None:
    if response_format is None or response_format.type == "text":
        return None
    return response_format.json_schema.schema if response_format.json_schema else {}


def _logprobs(question: Question, tokens: tuple[str, ...]) -> dict[str, Any] | None:
    """The log probabilities of ``tokens``; None if the request doesn't ask for them."""
    if question.logprobs is None:
        return None
    return {"content": token_logprobs(tokens, question.logprobs), "refusal": None}


def token_logprobs(tokens: tuple[str, ...], count: int) -> list[dict[str, Any]]:
    """The log probability of each of ``tokens``, and those of the ``count`` most likely tokens of its place."""
    return [
        {
            **_token_logprob(token, logprob(token)),
            "top_logprobs": [_token_logprob(*candidate) for candidate in likely(token, count)],
        }
        for token in tokens
    ]


def _token_logprob(token: str, number: float) -> dict[str, Any]:
    return {"token": token, "logprob": number, "bytes": list(token.encode())}


def _text(message: Message) -> str:
    if isinstance(message.content, str):
        return message.content
    return "".join(part.text for part in message.content or () if isinstance(part, TextPart))


def _tool_choice(choice: str | NamedTool | None) -> str:
    if isinstance(choice, NamedTool):
        return choice.function.name
    return "any" if choice == "required" else choice or "auto"


def _call(call: Call, arguments: str | None = None) -> dict[str, Any]:
    text = call.arguments if arguments is None else arguments
    return {"id": f"call_{call.id}", "type": "function", "function": {"name": call.name, "arguments": text}}


def counts(usage: Usage) -> dict[str, Any]:
    """The counts that every vendor on this wire sends."""
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
    }


def model_row(name: str, owner: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": owner}


def list_models(owner: str) -> bytes:
    return msgspec.json.encode({"object": "list", "data": [model_row(name, owner) for name in MODELS]})


OPENAI = OpenAIChat()

ROUTES = (
    route("POST", "/v1/chat/completions", OPENAI),
    route("GET", "/v1/models", OPENAI, lambda *_: list_models("simulator")),
    route(
        "GET",
        "/v1/models/(?P<model>.+)",
        OPENAI,
        lambda path, _: msgspec.json.encode(model_row(path["model"], "simulator")),
    ),
)
