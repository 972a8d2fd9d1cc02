"""Gemini generateContent (https://ai.google.dev/api/generate-content, errors:
https://ai.google.dev/gemini-api/docs/troubleshooting, thought signatures:
https://ai.google.dev/gemini-api/docs/thought-signatures).

Tool calls have no ids and come whole, never in pieces. A thinking model signs the first call of a turn, and refuses a
request without that signature. ``candidatesTokenCount`` excludes the thoughts. Lines end in CRLF. Requests may have
their fields in camelCase or snake_case, as in all of protobuf's JSON (https://protobuf.dev/programming-guides/json/);
Google's own SDK mixes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from turnout.simulator.answer import Answer, Usage, likely, logprob, signature, vector
from turnout.simulator.http import Request
from turnout.simulator.question import Conversation, Question, Tool, base64_plain
from turnout.simulator.refused import Refused
from turnout.simulator.rules import Rule, gemini
from turnout.simulator.wire import MODELS, Frame, JsonBodies, route

from .gemini_body import (
    BatchBody,
    Blob,
    Body,
    Content,
    CountBody,
    EmbedBody,
    FileData,
    FunctionCallingConfig,
    GenerationConfig,
    Part,
    read_body,
)

ERRORS: Mapping[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}

FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP"}


class Gemini(JsonBodies):
    """``stream`` is in the path, not in the body."""

    name = "gemini"
    media_type = "text/event-stream"
    request_id_header = ""
    rules: Sequence[Rule] = gemini.RULES

    # --- the request ---------------------------------------------------------------------------------

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        stream = path["method"] == "streamGenerateContent"
        if stream and request.query.get("alt") != "sse":
            raise Refused(400, "The simulator streams with alt=sse only.")
        return _question(read_body(request.body, Body), path["model"], stream=stream)

    # --- the answer ----------------------------------------------------------------------------------

    def body(self, question: Question, answer: Answer) -> bytes:
        parts: list[dict[str, Any]] = []
        if answer.thinking:
            parts.append({"text": "".join(answer.thinking), "thought": True})
        if answer.text:
            parts.append({"text": "".join(answer.text), **_text_signature(answer)})
        parts += _calls(answer)
        reply = _chunk(question, answer, parts, answer.usage, _finish(answer))
        for candidate in reply["candidates"]:
            candidate |= _logprobs(question, answer.text)
        return msgspec.json.encode(reply)

    def stream(self, question: Question, answer: Answer) -> Iterator[Frame]:
        thinking = output = 0  # tokens so far
        for word in answer.thinking:
            thinking += 1
            usage = _usage_so_far(answer, thinking, output)
            yield _frame(_chunk(question, answer, [{"text": word, "thought": True}], usage))
        for word in answer.text:
            output += 1
            chunk = _chunk(question, answer, [{"text": word}], _usage_so_far(answer, thinking, output))
            for candidate in chunk["candidates"]:
                candidate |= _logprobs(question, (word,))
            yield _frame(chunk)
        for call, part in zip(answer.calls, _calls(answer), strict=True):
            output += call.tokens
            usage = _usage_so_far(answer, thinking, output)
            yield _frame(_chunk(question, answer, [part], usage), tokens=call.tokens)
        last = _chunk(question, answer, [{"text": "", **_text_signature(answer)}], answer.usage, _finish(answer))
        yield Frame(_sse(last), "end")

    # --- errors --------------------------------------------------------------------------------------

    def error(self, refused: Refused) -> bytes:
        return msgspec.json.encode(_error(refused))

    def error_event(self, refused: Refused) -> bytes:
        return _sse(_error(refused))


class CountTokens(Gemini):
    """https://ai.google.dev/api/tokens"""

    name = "gemini-count"
    rules = ()

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        body = read_body(request.body, CountBody)
        counted = body.generate_content_request or Body(contents=body.contents)
        return _question(counted, path["model"], stream=False, generates=False)

    def body(self, question: Question, answer: Answer) -> bytes:
        details = [{"modality": "TEXT", "tokenCount": answer.usage.input}]
        return msgspec.json.encode({"totalTokens": answer.usage.input, "promptTokensDetails": details})


class EmbedContent(Gemini):
    """https://ai.google.dev/api/embeddings, for one content or a batch of them. ``details`` are the vectors."""

    name = "gemini-embed"
    rules = ()

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        batch = path["method"] == "batchEmbedContents"
        bodies = read_body(request.body, BatchBody).requests if batch else [read_body(request.body, EmbedBody)]
        texts = ["".join(part.text or "" for part in body.content.parts) for body in bodies]
        vectors = [
            {"values": vector(text, body.output_dimensionality)} for text, body in zip(texts, bodies, strict=True)
        ]
        return Question(
            model=path["model"],
            stream=False,
            prompt=texts[-1],
            tokens=sum(len(text.split()) for text in texts),
            generates=False,
            details={"embeddings": vectors} if batch else {"embedding": vectors[0]},
        )

    def body(self, question: Question, answer: Answer) -> bytes:
        return msgspec.json.encode({**question.details, "usageMetadata": {"promptTokenCount": answer.usage.input}})


def _question(body: Body, model: str, *, stream: bool, generates: bool = True) -> Question:
    conversation = Conversation()
    for part in body.system_instruction.parts if body.system_instruction else ():
        conversation.text(part.text or "")
    _read_contents(body.contents, conversation, signed="thinking" in model)
    declared = [function for tools in body.tools for function in tools.function_declarations]
    config = body.generation_config
    return Question(
        model=model,
        stream=stream,
        prompt=conversation.prompt,
        tokens=conversation.tokens(len(declared)),
        results=tuple(conversation.results),
        images=tuple(conversation.images),
        recordings=tuple(conversation.recordings),
        documents=tuple(conversation.documents),
        tools=tuple(Tool(tool.name, tool.parameters or tool.parameters_json_schema or {}) for tool in declared),
        tool_choice=_tool_choice(body.tool_config.function_calling_config),
        max_tokens=config.max_output_tokens,
        stops=tuple(config.stop_sequences),
        thinking=config.thinking_config.include_thoughts,
        choices=config.candidate_count,
        schema=_schema(config),
        logprobs=config.logprobs if config.response_logprobs else None,
        generates=generates,
        prefill=conversation.prefill,
    )


def _schema(config: GenerationConfig) -> dict[str, Any] | None:
    """Without a schema, JSON mode asks for any JSON."""
    schema = config.response_schema or config.response_json_schema
    return schema or ({} if config.response_mime_type == "application/json" else None)


def _read_contents(contents: list[Content], conversation: Conversation, *, signed: bool) -> None:
    """Like Gemini, refuses unsigned calls."""
    for content in contents:
        calls = [part for part in content.parts if part.function_call]
        if signed and calls and not _is_signed(calls[0]):
            raise Refused(400, "Function call is missing a thought_signature in functionCall parts.")
        conversation.begin(content.role)
        for part in content.parts:
            _read_part(part, content.role, conversation)


def _read_part(part: Part, role: str, conversation: Conversation) -> None:
    if part.text is not None and not part.thought:
        conversation.text(part.text, is_prompt=role == "user")
    elif part.inline_data:
        _read_blob(part.inline_data, conversation)
    elif part.file_data:
        _read_file(part.file_data, conversation)
    elif part.function_response:
        response = part.function_response.response
        plain = next(iter(response.values())) if len(response) == 1 else response
        conversation.result(plain if isinstance(plain, str) else msgspec.json.encode(plain).decode())


def _read_blob(blob: Blob, conversation: Conversation) -> None:
    kind = blob.mime_type.partition("/")[0]
    if kind == "image":
        conversation.image(blob.data)
    elif kind == "audio":
        conversation.recording(blob.data)
    else:
        conversation.document(blob.data)


def _read_file(file: FileData, conversation: Conversation) -> None:
    if file.mime_type.partition("/")[0] in ("image", ""):
        conversation.image_url(file.file_uri)
    else:
        conversation.document_at(file.file_uri)


def _is_signed(part: Part) -> bool:
    name = part.function_call.name if part.function_call else ""
    return base64_plain(part.thought_signature or "") == signature(name)


def _tool_choice(config: FunctionCallingConfig) -> str:
    if config.mode == "ANY" and len(config.allowed_function_names) == 1:
        return config.allowed_function_names[0]
    return {"ANY": "any", "NONE": "none"}.get(config.mode, "auto")


def _calls(answer: Answer) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [
        {"functionCall": {"name": call.name, "args": msgspec.Raw(call.arguments.encode())}} for call in answer.calls
    ]
    if parts and answer.thinking:
        parts[0]["thoughtSignature"] = signature(answer.calls[0].name)
    return parts


def _text_signature(answer: Answer) -> dict[str, str]:
    return {"thoughtSignature": signature("".join(answer.text))} if answer.thinking and not answer.calls else {}


def _usage_so_far(answer: Answer, thinking: int, output: int) -> Usage:
    return msgspec.structs.replace(answer.usage, output=thinking + output, reasoning=thinking)


def _chunk(
    question: Question, answer: Answer, parts: list[dict[str, Any]], usage: Usage, finish: str | None = None
) -> dict[str, Any]:
    ending = {"finishReason": finish} if finish else {}
    content = {"parts": parts, "role": "model"}
    return {
        "candidates": [{"content": content, "index": index, **ending} for index in range(question.choices)],
        "usageMetadata": _usage(usage),
        "modelVersion": question.model,
        "responseId": answer.id,
    }


def _finish(answer: Answer) -> str:
    return "SAFETY" if answer.refused else FINISH[answer.finish]


def _logprobs(question: Question, tokens: tuple[str, ...]) -> dict[str, Any]:
    """The log probabilities of ``tokens``; empty if the request doesn't ask for them."""
    if question.logprobs is None or not tokens:
        return {}
    chosen = [{"token": token, "logProbability": logprob(token)} for token in tokens]
    top = [
        {"candidates": [{"token": name, "logProbability": number} for name, number in likely(token, question.logprobs)]}
        for token in tokens
    ]
    average = sum(logprob(token) for token in tokens) / len(tokens)
    return {"avgLogprobs": average, "logprobsResult": {"chosenCandidates": chosen, "topCandidates": top}}


def _usage(usage: Usage) -> dict[str, Any]:
    counts = {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "totalTokenCount": usage.input + usage.output,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": usage.input}],
    }
    if usage.reasoning:
        counts["thoughtsTokenCount"] = usage.reasoning
    if usage.cached:
        counts["cachedContentTokenCount"] = usage.cached
    return counts


def _frame(chunk: dict[str, Any], tokens: int = 1) -> Frame:
    return Frame(_sse(chunk), "content", tokens)


def _sse(data: object) -> bytes:
    return b"data: %b\r\n\r\n" % msgspec.json.encode(data)


def _error(refused: Refused) -> dict[str, Any]:
    error: dict[str, Any] = {
        "code": refused.status,
        "message": refused.message,
        "status": ERRORS.get(refused.status, "UNKNOWN"),
    }
    if refused.retry_after is not None:
        retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{refused.retry_after}s"}
        error["details"] = [retry]
    return {"error": error}


def _model_row(name: str) -> dict[str, Any]:
    return {
        "name": f"models/{name}",
        "version": "1",
        "displayName": name,
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }


def _models(_: Mapping[str, str], __: bytes) -> bytes:
    return msgspec.json.encode({"models": [_model_row(name) for name in MODELS]})


def _model(path: Mapping[str, str], _: bytes) -> bytes:
    return msgspec.json.encode(_model_row(path["model"]))


GEMINI = Gemini()

ROUTES = (
    route("POST", "/v1(beta)?/models/(?P<model>.+):(?P<method>generateContent|streamGenerateContent)", GEMINI),
    route("POST", "/v1(beta)?/models/(?P<model>.+):countTokens", CountTokens()),
    route("POST", "/v1(beta)?/models/(?P<model>.+):(?P<method>embedContent|batchEmbedContents)", EmbedContent()),
    route("GET", "/v1beta/models", GEMINI, _models),
    route("GET", "/v1beta/models/(?P<model>.+)", GEMINI, _model),
    route("GET", "/v1/models", GEMINI, _models, header="x-goog-api-key"),
    route("GET", "/v1/models/(?P<model>.+)", GEMINI, _model, header="x-goog-api-key"),
)
