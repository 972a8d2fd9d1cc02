"""OpenAI Responses (https://platform.openai.com/docs/api-reference/responses, streaming:
https://platform.openai.com/docs/api-reference/responses-streaming).

Reasoning is an item with a summary, and with encrypted content if the request asks for it. A request with changed
encrypted content is refused. OpenAI and Azure keep their last answers for ``previous_response_id``; other vendors keep
none. References to single items are refused.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

from turnout.simulator.answer import Answer, Call, signature
from turnout.simulator.http import Request
from turnout.simulator.question import Conversation, Question, Tool
from turnout.simulator.refused import Refused
from turnout.simulator.rules import openai_responses
from turnout.simulator.wire import Frame, decode, sse

from .openai import OpenAIChat, token_logprobs
from .openai_completions_embeddings import BesideChat
from .openai_responses_body import (
    BODY,
    Body,
    Content,
    InputFile,
    InputImage,
    InputRefusal,
    InputText,
    Item,
    OutputText,
    TextConfig,
    ToolNamed,
)
from .openai_responses_object import repeated_fields, response
from .openai_responses_summary import NOT_VERIFIED, opened

ENCRYPTED = "reasoning.encrypted_content"
KEPT = 1000
"""The most answers that each vendor keeps."""
_KEPT: Final[defaultdict[str, dict[str, tuple[Item, ...]]]] = defaultdict(dict)
"""By the vendor's name: each of its paths finds what another has kept."""


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """``encrypted``: the request asks for encrypted reasoning. ``items``: the conversation to keep; None: keep none.

    ``repeated``: what the response repeats of the request.
    """

    encrypted: bool
    items: tuple[Item, ...] | None
    repeated: dict[str, Any]


class Responses(BesideChat):
    kind = "responses"

    def __init__(self, vendor: OpenAIChat) -> None:
        super().__init__(vendor)
        self._keeps = vendor.name in ("openai", "azure")
        self.rules = openai_responses.RULES if self._keeps else ()
        self._kept = _KEPT[vendor.name]

    # --- the request ---------------------------------------------------------------------------------

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        body = decode(BODY, request.body)
        items, conversation = self._read_conversation(body)
        functions = [tool for tool in body.tools if tool.type == "function"]
        include = body.include or []
        return Question(
            model=body.model,
            stream=bool(body.stream),
            prompt=conversation.prompt,
            tokens=conversation.tokens(len(functions)),
            results=tuple(conversation.results),
            images=tuple(conversation.images),
            documents=tuple(conversation.documents),
            tools=tuple(Tool(tool.name, tool.parameters or {}) for tool in functions),
            tool_choice=_tool_choice(body.tool_choice),
            max_tokens=body.max_output_tokens,
            thinking=body.reasoning is not None and body.reasoning.effort not in (None, "none"),
            schema=_schema(body.text),
            logprobs=body.top_logprobs or 0 if "message.output_text.logprobs" in include else None,
            details=Details(
                encrypted=ENCRYPTED in include,
                items=items if self._keeps and body.store is not False else None,
                repeated=repeated_fields(request.body),
            ),
        )

    def _read_conversation(self, body: Body) -> tuple[tuple[Item, ...], Conversation]:
        conversation = Conversation()
        conversation.text(body.instructions or "")
        said = [Item(content=body.input)] if isinstance(body.input, str) else body.input
        items = (*self._previous_items(body.previous_response_id), *said)
        _read_items(items, conversation)
        return items, conversation

    def _previous_items(self, id_: str | None) -> tuple[Item, ...]:
        if id_ is None:
            return ()
        if id_ not in self._kept:
            raise Refused(400, f"Previous response with id '{id_}' not found.", param="previous_response_id")
        return self._kept[id_]

    def _keep(self, question: Question, whole: dict[str, Any]) -> None:
        if question.details.items is not None:
            output = msgspec.convert(whole["output"], tuple[Item, ...])
            self._kept[whole["id"]] = (*question.details.items, *output)
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]

    # --- the answer ----------------------------------------------------------------------------------

    def body(self, question: Question, answer: Answer) -> bytes:
        whole = response(question, answer, [item for item, _ in _items(question, answer)])
        self._keep(question, whole)
        return msgspec.json.encode(whole)

    def stream(self, question: Question, answer: Answer) -> Iterator[Frame]:
        number = 0

        def frame(name: str, kind: Literal["other", "content", "end"] = "other", /, **fields: Any) -> Frame:
            nonlocal number
            data = {"type": f"response.{name}", "sequence_number": number, **fields}
            number += 1
            return Frame(sse(data, f"response.{name}"), kind, int(kind == "content"))

        unfinished = response(question, answer, None)
        yield frame("created", response=unfinished)
        yield frame("in_progress", response=unfinished)
        items = _items(question, answer)
        for index, (item, pieces) in enumerate(items):
            for name, kind, fields in _events(item, pieces, question):
                yield frame(name, kind, output_index=index, **fields)
        whole = response(question, answer, [item for item, _ in items])
        self._keep(question, whole)
        yield frame(str(whole["status"]), "end", response=whole)

    # --- errors --------------------------------------------------------------------------------------

    def error_event(self, refused: Refused) -> bytes:
        error = self._vendor.error_object(refused)
        event = {"type": "error", "code": error.get("code"), "message": refused.message, "param": refused.param}
        return sse({**event, "sequence_number": 99}, "error")


def _read_items(items: Iterable[Item], conversation: Conversation) -> None:
    for item in items:
        if item.type == "message":
            conversation.begin(item.role)
            _read_content(item, conversation)
        elif item.type == "function_call_output":
            conversation.result(_text(item.output))
        elif item.type == "compaction":
            conversation.begin("assistant")
            conversation.text(opened(item.encrypted_content))
        elif item.type == "reasoning" and item.encrypted_content is not None:
            if item.encrypted_content != signature("".join(part.get("text", "") for part in item.summary)):
                raise Refused(400, NOT_VERIFIED, param="input")
        elif item.type == "item_reference":
            raise Refused(404, "Item with that id not found.", param="input")


def _read_content(item: Item, conversation: Conversation) -> None:
    is_prompt = item.role == "user"
    for part in [InputText(item.content)] if isinstance(item.content, str) else item.content or ():
        match part:
            case InputText(text=text) | OutputText(text=text) | InputRefusal(refusal=text):
                conversation.text(text, is_prompt=is_prompt)
            case InputImage():
                conversation.image_url(part.image_url or part.file_id or "")
            case InputFile(file_data=str(data)):
                conversation.document(data)
            case InputFile():
                conversation.document_at(part.file_url or part.file_id or "")


def _text(output: str | list[Content]) -> str:
    if isinstance(output, str):
        return output
    return "".join(part.text for part in output if isinstance(part, InputText | OutputText))


def _tool_choice(choice: str | ToolNamed | None) -> str:
    if isinstance(choice, ToolNamed):
        return choice.name
    return "any" if choice == "required" else choice or "auto"


def _schema(config: TextConfig | None) -> dict[str, Any] | None:
    output_format = config.format if config else None
    return None if output_format is None or output_format.type == "text" else output_format.schema


Pieces = tuple[str, ...]
Event = tuple[str, Literal["other", "content", "end"], dict[str, Any]]


def _items(question: Question, answer: Answer) -> list[tuple[dict[str, Any], Pieces]]:
    """Each whole item of the output, and the pieces of its text."""
    items: list[tuple[dict[str, Any], Pieces]] = []
    if answer.thinking:
        items.append((_reasoning(answer, encrypted=question.details.encrypted), answer.thinking))
    if answer.text:
        items.append((_message(question, answer), answer.text))
    return items + [(_call(call), tuple(call.pieces)) for call in answer.calls]


def _reasoning(answer: Answer, *, encrypted: bool) -> dict[str, Any]:
    text = "".join(answer.thinking)
    item = {"id": f"rs_{answer.id}", "type": "reasoning", "summary": [{"type": "summary_text", "text": text}]}
    return item | ({"encrypted_content": signature(text)} if encrypted else {})


def _message(question: Question, answer: Answer) -> dict[str, Any]:
    text = "".join(answer.text)
    part: dict[str, Any] = {"type": "refusal", "refusal": text}
    if not answer.refused:
        logprobs = [] if question.logprobs is None else token_logprobs(answer.text, question.logprobs)
        part = {"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs}
    status = "incomplete" if answer.finish == "length" else "completed"
    return {"id": f"msg_{answer.id}", "type": "message", "role": "assistant", "status": status, "content": [part]}


def _call(call: Call) -> dict[str, Any]:
    return {
        "id": f"fc_{call.id}",
        "type": "function_call",
        "status": "completed",
        "call_id": f"call_{call.id}",
        "name": call.name,
        "arguments": call.arguments,
    }


def _events(item: dict[str, Any], pieces: Pieces, question: Question) -> Iterator[Event]:
    """The events of one item in a stream."""
    empty: dict[str, Any] = {
        "message": {"content": []},
        "reasoning": {"summary": []},
        "function_call": {"arguments": ""},
    }
    status = {} if item["type"] == "reasoning" else {"status": "in_progress"}
    yield "output_item.added", "other", {"item": {**item, **empty[item["type"]], **status}}
    at = {"item_id": item["id"]}
    if item["type"] == "reasoning":
        yield from _summary_events(item, pieces, {**at, "summary_index": 0})
    elif item["type"] == "message":
        yield from _content_events(item["content"][0], pieces, {**at, "content_index": 0}, question)
    else:
        yield from (("function_call_arguments.delta", "content", {**at, "delta": piece}) for piece in pieces)
        done = {**at, "name": item["name"], "arguments": item["arguments"]}
        yield "function_call_arguments.done", "other", done
    yield "output_item.done", "other", {"item": item}


def _summary_events(item: dict[str, Any], pieces: Pieces, at: dict[str, Any]) -> Iterator[Event]:
    part = item["summary"][0]
    yield "reasoning_summary_part.added", "other", {**at, "part": {**part, "text": ""}}
    yield from (("reasoning_summary_text.delta", "content", {**at, "delta": piece}) for piece in pieces)
    yield "reasoning_summary_text.done", "other", {**at, "text": part["text"]}
    yield "reasoning_summary_part.done", "other", {**at, "part": part}


def _content_events(part: dict[str, Any], pieces: Pieces, at: dict[str, Any], question: Question) -> Iterator[Event]:
    if part["type"] == "refusal":
        yield "content_part.added", "other", {**at, "part": {**part, "refusal": ""}}
        yield from (("refusal.delta", "content", {**at, "delta": piece}) for piece in pieces)
        yield "refusal.done", "other", {**at, "refusal": part["refusal"]}
    else:
        yield "content_part.added", "other", {**at, "part": {**part, "text": "", "logprobs": []}}
        for piece in pieces:
            logprobs = [] if question.logprobs is None else token_logprobs((piece,), question.logprobs)
            yield "output_text.delta", "content", {**at, "delta": piece, "logprobs": logprobs}
        yield "output_text.done", "other", {**at, "text": part["text"], "logprobs": part["logprobs"]}
    yield "content_part.done", "other", {**at, "part": part}
