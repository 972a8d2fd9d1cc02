"""Anthropic Messages (https://docs.anthropic.com/en/api/messages, streaming:
https://docs.anthropic.com/en/docs/build-with-claude/streaming, errors: https://docs.anthropic.com/en/api/errors).

``input_tokens`` excludes tokens that were read from the prompt cache or written to it. Thinking has a signature, and a
request whose thinking has another signature is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from turnout.simulator.answer import Answer, Call, signature
from turnout.simulator.http import Request
from turnout.simulator.question import Conversation, Question, Tool
from turnout.simulator.refused import Refused
from turnout.simulator.rules import Rule, anthropic
from turnout.simulator.wire import MODELS, Frame, JsonBodies, decode, route, sse


class TextBlock(msgspec.Struct, tag="text"):
    text: str


class Base64Source(msgspec.Struct, tag="base64"):
    data: str
    media_type: Literal["image/jpeg", "image/png", "image/gif", "image/webp"]


class UrlSource(msgspec.Struct, tag="url"):
    url: str


class ImageBlock(msgspec.Struct, tag="image"):
    source: Base64Source | UrlSource


class DocumentSource(msgspec.Struct):
    type: Literal["base64", "text", "url", "file", "content"]
    data: str = ""
    url: str = ""
    file_id: str = ""


class DocumentBlock(msgspec.Struct, tag="document"):
    source: DocumentSource


class ThinkingBlock(msgspec.Struct, tag="thinking"):
    thinking: str
    signature: str


class RedactedThinkingBlock(msgspec.Struct, tag="redacted_thinking"):
    data: str


class ToolUseBlock(msgspec.Struct, tag="tool_use"):
    id: Annotated[str, msgspec.Meta(pattern="^[a-zA-Z0-9_-]+$")]
    name: str
    input: dict[str, Any]


class ToolResultBlock(msgspec.Struct, tag="tool_result"):
    tool_use_id: str
    content: str | list[TextBlock | ImageBlock | DocumentBlock] = ""


Block = TextBlock | ImageBlock | DocumentBlock | ThinkingBlock | RedactedThinkingBlock | ToolUseBlock | ToolResultBlock


class Message(msgspec.Struct):
    role: Literal["user", "assistant"]
    content: str | list[Block]


class ToolOffered(msgspec.Struct):
    """The vendor's own tools have no schema. The simulator doesn't use them."""

    name: str
    input_schema: dict[str, Any] | None = None


class ToolChoice(msgspec.Struct):
    type: Literal["auto", "any", "tool", "none"]
    name: str = ""


class Thinking(msgspec.Struct):
    type: Literal["enabled", "adaptive", "disabled"]


class OutputFormat(msgspec.Struct):
    schema: dict[str, Any]
    type: Literal["json_schema"]


class OutputConfig(msgspec.Struct):
    format: OutputFormat | None = None


class CountBody(msgspec.Struct, kw_only=True):
    """A request to count tokens: its fields are those of a request for an answer, too."""

    model: str
    messages: Annotated[list[Message], msgspec.Meta(min_length=1)]
    system: str | list[TextBlock] = ""
    tools: list[ToolOffered] = []
    tool_choice: ToolChoice | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None


class Body(CountBody, kw_only=True):
    max_tokens: Annotated[int, msgspec.Meta(ge=1)]
    stream: bool = False
    stop_sequences: list[str] = []


COUNT_BODY = msgspec.json.Decoder(CountBody)
BODY = msgspec.json.Decoder(Body)

ERRORS: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}

FINISH = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


class AnthropicMessages(JsonBodies):
    name = "anthropic"
    media_type = "text/event-stream; charset=utf-8"
    request_id_header = "request-id"
    ping = sse({"type": "ping"}, "ping")
    rules: Sequence[Rule] = anthropic.RULES

    # --- the request ---------------------------------------------------------------------------------

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        _require_version(request)
        body = decode(BODY, request.body)
        return _question(body, stream=body.stream, max_tokens=body.max_tokens, stops=tuple(body.stop_sequences))

    # --- the answer ----------------------------------------------------------------------------------

    def body(self, question: Question, answer: Answer) -> bytes:
        message = _message(question, answer)
        message["content"] = [
            *(
                {"type": "thinking", "thinking": text, "signature": signature(text)}
                for text in _joined(answer.thinking)
            ),
            *({"type": "text", "text": text} for text in _joined(answer.text)),
            *({**_tool_use(call), "input": msgspec.Raw(call.arguments.encode())} for call in answer.calls),
        ]
        message |= _stop(answer)
        message["usage"] |= _output_usage(answer)
        return msgspec.json.encode(message)

    def stream(self, question: Question, answer: Answer) -> Iterator[Frame]:
        yield _event("message_start", message=_message(question, answer))
        for index, (block, deltas) in enumerate(_blocks(answer)):
            yield _event("content_block_start", index=index, content_block=block)
            if index == 0:
                yield _event("ping")
            for delta in deltas:
                yield _delta(index, delta)
            yield _event("content_block_stop", index=index)
        usage = _input_usage(answer) | _output_usage(answer)
        yield _event("message_delta", kind="end", delta=_stop(answer), usage=usage)
        yield _event("message_stop", kind="terminator")

    # --- errors --------------------------------------------------------------------------------------

    def error(self, refused: Refused) -> bytes:
        return msgspec.json.encode(_error(refused))

    def error_event(self, refused: Refused) -> bytes:
        return sse(_error(refused), "error")


class CountTokens(AnthropicMessages):
    """https://docs.anthropic.com/en/api/messages-count-tokens"""

    name = "anthropic-count"
    rules = anthropic.COUNT_RULES

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        _require_version(request)
        return _question(decode(COUNT_BODY, request.body), stream=False, generates=False)

    def body(self, question: Question, answer: Answer) -> bytes:
        return msgspec.json.encode({"input_tokens": answer.usage.input})


def _require_version(request: Request) -> None:
    if "anthropic-version" not in request.headers:
        raise Refused(400, "anthropic-version: header is required")


def _question(body: CountBody, **more: Any) -> Question:
    conversation = Conversation()
    for text in [body.system] if isinstance(body.system, str) else [block.text for block in body.system]:
        conversation.text(text)
    _read_messages(body.messages, conversation)
    output = body.output_config.format if body.output_config else None
    return Question(
        model=body.model,
        prompt=conversation.prompt,
        tokens=conversation.tokens(len(body.tools)),
        results=tuple(conversation.results),
        images=tuple(conversation.images),
        documents=tuple(conversation.documents),
        tools=tuple(Tool(tool.name, tool.input_schema) for tool in body.tools if tool.input_schema is not None),
        tool_choice="auto" if body.tool_choice is None else body.tool_choice.name or body.tool_choice.type,
        thinking=body.thinking is not None and body.thinking.type != "disabled",
        schema=output.schema if output else None,
        prefill=conversation.prefill,
        **more,
    )


def _read_messages(messages: list[Message], conversation: Conversation) -> None:
    for message in messages:
        conversation.begin(message.role)
        blocks = [TextBlock(message.content)] if isinstance(message.content, str) else message.content
        for block in blocks:
            _read_block(block, message.role, conversation)


def _read_block(block: Block, role: str, conversation: Conversation) -> None:
    match block:
        case TextBlock():
            conversation.text(block.text, is_prompt=role == "user")
        case ImageBlock():
            _read_image(block, conversation)
        case DocumentBlock():
            _read_document(block.source, conversation)
        case ThinkingBlock():
            if block.signature != signature(block.thinking):
                raise Refused(400, "messages: Invalid `signature` in `thinking` block")
        case ToolResultBlock():
            parts = [TextBlock(block.content)] if isinstance(block.content, str) else block.content
            conversation.result("".join(part.text for part in parts if isinstance(part, TextBlock)))
            for part in parts:
                if isinstance(part, ImageBlock):
                    _read_image(part, conversation)
                elif isinstance(part, DocumentBlock):
                    _read_document(part.source, conversation)


def _read_image(block: ImageBlock, conversation: Conversation) -> None:
    if isinstance(block.source, Base64Source):
        conversation.image(block.source.data)
    else:
        conversation.image_url(block.source.url)


def _read_document(source: DocumentSource, conversation: Conversation) -> None:
    if source.type == "base64":
        conversation.document(source.data)
    else:
        conversation.document_at(source.url or source.file_id or f"{len(source.data.encode())} bytes")


def _blocks(answer: Answer) -> Iterator[tuple[dict[str, Any], list[tuple[str, str]]]]:
    """Each block at its start, and its deltas as (kind, text)."""
    for text in _joined(answer.thinking):
        deltas = [("thinking", word) for word in answer.thinking]
        yield {"type": "thinking", "thinking": "", "signature": ""}, [*deltas, ("signature", signature(text))]
    if answer.text:
        yield {"type": "text", "text": ""}, [("text", word) for word in answer.text]
    for call in answer.calls:
        yield {**_tool_use(call), "input": {}}, [("partial_json", piece) for piece in ("", *call.pieces)]


def _delta(index: int, delta: tuple[str, str]) -> Frame:
    field, text = delta
    kind = "input_json_delta" if field == "partial_json" else f"{field}_delta"
    if field == "signature":
        return _event("content_block_delta", index=index, delta={"type": kind, field: text})
    return _event("content_block_delta", kind="content", index=index, delta={"type": kind, field: text})


def _event(name: str, *, kind: Literal["other", "content", "end", "terminator"] = "other", **fields: Any) -> Frame:
    return Frame(sse({"type": name, **fields}, name), kind, int(kind == "content"))


def _message(question: Question, answer: Answer) -> dict[str, Any]:
    """The message at the start of its stream."""
    return {
        "id": f"msg_{answer.id}",
        "type": "message",
        "role": "assistant",
        "model": question.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "usage": {
            **_input_usage(answer),
            "cache_creation": {
                "ephemeral_5m_input_tokens": answer.usage.cache_write,
                "ephemeral_1h_input_tokens": 0,
            },
            "output_tokens": 1,
            "service_tier": "standard",
            "inference_geo": "global",
        },
    }


def _input_usage(answer: Answer) -> dict[str, int]:
    usage = answer.usage
    return {
        "input_tokens": usage.input - usage.cached - usage.cache_write,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cached,
    }


def _output_usage(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    details = {"output_tokens_details": {"thinking_tokens": usage.reasoning}} if answer.thinking else {}
    return {"output_tokens": usage.output, **details}


def _stop(answer: Answer) -> dict[str, Any]:
    if answer.refused:
        details = {"type": "refusal", "category": None, "explanation": None}
        return {"stop_reason": "refusal", "stop_sequence": None, "stop_details": details}
    reason = "stop_sequence" if answer.stop else FINISH[answer.finish]
    return {"stop_reason": reason, "stop_sequence": answer.stop, "stop_details": None}


def _tool_use(call: Call) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{call.id}", "name": call.name, "caller": {"type": "direct"}}


def _joined(tokens: tuple[str, ...]) -> list[str]:
    """The text of one block; empty if there are no tokens."""
    return ["".join(tokens)] if tokens else []


def _error(refused: Refused) -> dict[str, Any]:
    kind = ERRORS.get(refused.status, "api_error" if refused.status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": refused.message}}


def _model_row(name: str) -> dict[str, Any]:
    return {"type": "model", "id": name, "display_name": name, "created_at": "2025-01-01T00:00:00Z"}


def _models(_: Mapping[str, str], __: bytes) -> bytes:
    rows = [_model_row(name) for name in MODELS]
    return msgspec.json.encode({"data": rows, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]})


ANTHROPIC = AnthropicMessages()

ROUTES = (
    route("POST", "/v1/messages", ANTHROPIC),
    route("POST", "/v1/messages/count_tokens", CountTokens()),
    route("GET", "/v1/models", ANTHROPIC, _models, header="anthropic-version"),
    route(
        "GET",
        "/v1/models/(?P<model>.+)",
        ANTHROPIC,
        lambda path, _: msgspec.json.encode(_model_row(path["model"])),
        header="anthropic-version",
    ),
)
