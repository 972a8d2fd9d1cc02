"""Ollama's native API: chat, generate and embed (https://docs.ollama.com/api, errors:
https://docs.ollama.com/api/errors).

Ollama streams by default, one JSON object in each line. Tool calls come whole, one in each line; their arguments are an
object. Durations are nanoseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec

from turnout.simulator.answer import DIMENSIONS, Answer, Call, vector
from turnout.simulator.http import Request
from turnout.simulator.question import Conversation, Question, Tool
from turnout.simulator.refused import Refused
from turnout.simulator.rules import Rule, ollama
from turnout.simulator.wire import MODELS, Frame, JsonBodies, decode, route

from .openai import token_logprobs

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


class CommonBody(msgspec.Struct, kw_only=True):
    """The fields that chat and generate have in common."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    stream: bool | None = None
    options: Options | None = None
    think: bool | Literal["low", "medium", "high", "max"] | None = None
    format: Literal["json", ""] | dict[str, Any] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None


class Body(CommonBody, kw_only=True):
    messages: list[Message]
    tools: list[ToolOffered] | None = None


class GenerateBody(CommonBody, kw_only=True):
    prompt: str = ""
    suffix: str = ""
    system: str = ""
    images: list[str] | None = None


class EmbedBody(msgspec.Struct, kw_only=True):
    model: Annotated[str, msgspec.Meta(min_length=1)]
    input: str | list[str]
    dimensions: Annotated[int, msgspec.Meta(ge=1)] = DIMENSIONS


class OldEmbedBody(msgspec.Struct, kw_only=True):
    model: Annotated[str, msgspec.Meta(min_length=1)]
    prompt: str


class ShowBody(msgspec.Struct):
    """``name`` is the field's older name."""

    model: str = ""
    name: str = ""


SHOW_BODY = msgspec.json.Decoder(ShowBody)
GENERATE_BODY = msgspec.json.Decoder(GenerateBody)
EMBED_BODY = msgspec.json.Decoder(EmbedBody)
OLD_EMBED_BODY = msgspec.json.Decoder(OldEmbedBody)
BODY = msgspec.json.Decoder(Body)


class OllamaChat(JsonBodies):
    name = "ollama"
    media_type = "application/x-ndjson"
    request_id_header = ""
    ping = b""
    rules: Sequence[Rule] = ollama.RULES

    # --- the request ---------------------------------------------------------------------------------

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        body = decode(BODY, request.body)
        conversation = Conversation()
        for message in body.messages:
            _read_message(message, conversation)
        return _question(body, conversation, body.tools or [])

    # --- the answer ----------------------------------------------------------------------------------

    def body(self, question: Question, answer: Answer) -> bytes:
        message: dict[str, Any] = {"role": "assistant", "content": "".join(answer.text)}
        if answer.thinking:
            message["thinking"] = "".join(answer.thinking)
        if answer.calls:
            message["tool_calls"] = [_call(index, call) for index, call in enumerate(answer.calls)]
        logprobs = _logprobs(question, answer.text)
        return msgspec.json.encode({**_line(question, message), **_done(answer), **logprobs})

    def stream(self, question: Question, answer: Answer) -> Iterator[Frame]:
        for thought in answer.thinking:
            yield _frame(_line(question, {"role": "assistant", "content": "", "thinking": thought}))
        for word in answer.text:
            line = _line(question, {"role": "assistant", "content": word})
            yield _frame({**line, **_logprobs(question, (word,))})
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


class OllamaGenerate(OllamaChat):
    name = "ollama-generate"

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        body = decode(GENERATE_BODY, request.body)
        conversation = Conversation()
        conversation.text(body.system)
        conversation.text(body.prompt, is_prompt=True)
        for image in body.images or ():
            conversation.image(image)
        return _question(body, conversation, [])

    def body(self, question: Question, answer: Answer) -> bytes:
        content = {"response": "".join(answer.text), **_logprobs(question, answer.text)}
        if answer.thinking:
            content["thinking"] = "".join(answer.thinking)
        return msgspec.json.encode({**_stamp(question), **content, **_done(answer), "context": [1, 2, 3]})

    def stream(self, question: Question, answer: Answer) -> Iterator[Frame]:
        unfinished = {**_stamp(question), "done": False}
        for thought in answer.thinking:
            yield _frame({**unfinished, "response": "", "thinking": thought})
        for word in answer.text:
            yield _frame({**unfinished, "response": word, **_logprobs(question, (word,))})
        last = {**_stamp(question), "response": "", **_done(answer), "context": [1, 2, 3]}
        yield Frame(msgspec.json.encode(last) + b"\n", "end")


class OllamaEmbed(OllamaChat):
    """``details`` are the vectors."""

    name = "ollama-embed"
    rules = ()

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        body = decode(EMBED_BODY, request.body)
        texts = [body.input] if isinstance(body.input, str) else body.input
        return _embedding_question(body.model, texts, [vector(text, body.dimensions) for text in texts])

    def body(self, question: Question, answer: Answer) -> bytes:
        counts = {"total_duration": 1, "load_duration": 0, "prompt_eval_count": answer.usage.input}
        return msgspec.json.encode({"model": question.model, "embeddings": question.details, **counts})


class OllamaOldEmbeddings(OllamaChat):
    """``/api/embeddings``, the older form of ``/api/embed``."""

    name = "ollama-embeddings"
    rules = ()

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        body = decode(OLD_EMBED_BODY, request.body)
        return _embedding_question(body.model, [body.prompt], vector(body.prompt, DIMENSIONS))

    def body(self, question: Question, answer: Answer) -> bytes:
        return msgspec.json.encode({"embedding": question.details})


def _question(body: CommonBody, conversation: Conversation, tools: list[ToolOffered]) -> Question:
    options = body.options or Options()
    return Question(
        model=body.model,
        stream=body.stream is not False,
        prompt=conversation.prompt,
        tokens=conversation.tokens(len(tools)),
        results=tuple(conversation.results),
        images=tuple(conversation.images),
        tools=tuple(Tool(tool.function.name, tool.function.parameters) for tool in tools),
        max_tokens=options.num_predict if options.num_predict and options.num_predict > 0 else None,
        stops=(options.stop,) if isinstance(options.stop, str) else tuple(options.stop or ()),
        thinking=bool(body.think),
        schema=None if not body.format else body.format if isinstance(body.format, dict) else {},
        logprobs=body.top_logprobs or 0 if body.logprobs else None,
        prefill=conversation.prefill,
    )


def _embedding_question(model: str, texts: list[str], vectors: object) -> Question:
    words = sum(len(text.split()) for text in texts)
    return Question(
        model=model, stream=False, prompt=texts[-1] if texts else "", tokens=words, generates=False, details=vectors
    )


def _read_message(message: Message, conversation: Conversation) -> None:
    if message.role == "tool":
        return conversation.result(message.content or "")
    conversation.begin(message.role)
    conversation.text(message.content or "", is_prompt=message.role == "user")
    for image in message.images or ():
        conversation.image(image)
    return None


def _call(index: int, call: Call) -> dict[str, Any]:
    arguments = msgspec.Raw(call.arguments.encode())
    return {"id": f"call_{call.id}", "function": {"index": index, "name": call.name, "arguments": arguments}}


def _line(question: Question, message: dict[str, Any]) -> dict[str, Any]:
    return {**_stamp(question), "message": message, "done": False}


def _stamp(question: Question) -> dict[str, Any]:
    return {"model": question.model, "created_at": datetime.now(UTC)}


def _logprobs(question: Question, tokens: tuple[str, ...]) -> dict[str, Any]:
    """The log probabilities of ``tokens``; empty if the request doesn't ask for them."""
    return {} if question.logprobs is None else {"logprobs": token_logprobs(tokens, question.logprobs)}


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
    """Escapes Unicode's line ends, as Go's JSON does in Ollama (https://pkg.go.dev/encoding/json#HTMLEscape)."""
    data = msgspec.json.encode(line).replace("\u2028".encode(), b"\\u2028").replace("\u2029".encode(), b"\\u2029")
    return Frame(data + b"\n", "content", tokens)


DETAILS: Mapping[str, Any] = {
    "parent_model": "",
    "format": "gguf",
    "family": "sim",
    "families": ["sim"],
    "parameter_size": "1B",
    "quantization_level": "F16",
}


def _tags(_: Mapping[str, str], __: bytes) -> bytes:
    row = {"modified_at": "2025-01-01T00:00:00Z", "size": 1, "digest": "0" * 64, "details": DETAILS}
    names = [f"{name}:latest" for name in MODELS]
    return msgspec.json.encode({"models": [{"name": name, "model": name, **row} for name in names]})


def _show(_: Mapping[str, str], body: bytes) -> bytes:
    """What the model can do differs between models, and is what the rules refuse by."""
    named = decode(SHOW_BODY, body)
    able = ollama.abilities(named.model or named.name)
    extras = {"tools": able.tools, "vision": able.vision, "thinking": able.thinking}
    capabilities = ["completion", *(name for name, has in extras.items() if has), "embedding"]
    return msgspec.json.encode(
        {
            "modelfile": "FROM sim",
            "parameters": "",
            "template": "{{ .Prompt }}",
            "details": DETAILS,
            "model_info": {"general.architecture": "sim", "sim.context_length": 32_768},
            "capabilities": capabilities,
            "modified_at": "2025-01-01T00:00:00Z",
        }
    )


def _running(_: Mapping[str, str], __: bytes) -> bytes:
    more = {"size": 1, "size_vram": 1, "digest": "0" * 64, "context_length": 32_768}
    row = {"name": "sim:latest", "model": "sim:latest", "details": DETAILS, "expires_at": "2099-01-01T00:00:00Z"}
    return msgspec.json.encode({"models": [{**row, **more}]})


OLLAMA = OllamaChat()

ROUTES = (
    route("POST", "/api/chat", OLLAMA),
    route("POST", "/api/generate", OllamaGenerate()),
    route("POST", "/api/embed", OllamaEmbed()),
    route("POST", "/api/embeddings", OllamaOldEmbeddings()),
    route("GET", "/api/tags", OLLAMA, _tags),
    route("POST", "/api/show", OLLAMA, _show),
    route("GET", "/api/ps", OLLAMA, _running),
    route("GET", "/api/version", OLLAMA, lambda *_: b'{"version":"0.40.12"}'),
)
