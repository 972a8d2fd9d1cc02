"""What a caller has received: a reply of any dialect, read without an SDK, and what is wrong with its form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tests.faults.js_accumulators import Items, lacks_fields
from tests.simulator.raw import Reply

NUMBERS, DONE, WHOLE = (
    "the sequence numbers don't count up",
    "output_text.done has another text than its deltas",
    "the whole response has another text than the deltas",
)
MISPLACED = "an event for an item or a part that isn't there"
LACKING = "no role, or a call that lacks a field"
TERMINATOR = "a finish without [DONE], or [DONE] without a finish"
LEFT_OUT = frozenset({NUMBERS, DONE, WHOLE, MISPLACED, LACKING, TERMINATOR})
"""What a client sees of a relayed stream when one of its events is left out: the others are the provider's own."""


class Received(msgspec.Struct):
    """``finished``: the reply says that the answer is whole. ``error`` is the message of its error, empty for none.

    ``misformed`` says what no client of the dialect expects. ``output`` is the reported number of output tokens.
    ``calls`` are the arguments of the tool calls that the reply says are whole.
    """

    status: int
    request_id: str
    text: str = ""
    finished: bool = False
    error: str = ""
    output: int | None = None
    calls: list[str] = msgspec.field(default_factory=list)
    misformed: list[str] = msgspec.field(default_factory=list)

    def expect(self, right: object, problem: str) -> None:
        if not right:
            self.misformed.append(problem)


def received(dialect: str, reply: Reply, *, stream: bool) -> Received:
    got = Received(reply.status, reply.headers.get("x-request-id", ""))
    got.expect(reply.end == "complete", f"the HTTP reply is {reply.end}")
    if reply.status != 200:
        got.error = _error_of(dialect, reply.json)
        got.expect(got.error, "an error without a message")
    elif not stream:
        _WHOLE[dialect](reply.json, got)
    else:
        events = _events(dialect, reply, got)
        _STREAMED[dialect](events, got)
    return got


def _events(dialect: str, reply: Reply, got: Received) -> list[dict[str, Any]]:
    """The JSON of each event. Every event has to be JSON, but for comments and chat's terminator, which comes last."""
    events: list[dict[str, Any]] = []
    if dialect == "ollama":
        for line in reply.body.splitlines():
            _add(line, events, got)
        return events
    ended = False
    for block in re.split(rb"\r?\n\r?\n", reply.body.strip()):
        name = re.search(rb"^event: (.*)$", block, re.MULTILINE)
        data = re.search(rb"^data: ?(.*?)\r?$", block, re.MULTILINE)
        if data is None:
            got.expect(not block or block.startswith(b":"), f"an event without data: {block!r}")
            continue
        got.expect(not ended, "an event after the terminator")
        ended = data[1] == b"[DONE]"
        if not ended and _add(data[1], events, got):
            got.expect(name is None or name[1].decode() == events[-1]["type"], "an event of another name than its type")
    got.expect(dialect == "chat" or not ended, "[DONE] in a dialect that has none")
    if dialect == "chat" and ended:
        events.append({"terminator": True})
    return events


def _add(data: bytes, events: list[dict[str, Any]], got: Received) -> bool:
    """Whether ``data`` is JSON, as it has to be."""
    try:
        events.append(json.loads(data))
    except json.JSONDecodeError:
        got.misformed.append(f"an event that isn't JSON: {data!r}")
        return False
    return True


def _error_of(dialect: str, body: Mapping[str, Any]) -> str:
    """The message of the error in the dialect's form, empty if it isn't in that form."""
    told = body.get("error")
    if dialect == "ollama":
        return told if isinstance(told, str) else ""
    if dialect == "anthropic" and body.get("type") != "error":
        return ""
    needed = {"gemini": ("code", "status"), "anthropic": ("type",)}.get(dialect, ("type", "code"))
    if not isinstance(told, Mapping) or any(name not in told for name in needed):
        return ""
    return str(told.get("message", ""))


# --- streams ---------------------------------------------------------------------------------------------


def _chat(events: list[dict[str, Any]], got: Received) -> None:
    reasons: list[str] = []
    arguments: dict[int, str] = {}
    deltas: list[dict[str, Any]] = []
    for event in events:
        got.expect(not got.error, "an event after the error")
        if "error" in event:
            got.error = _error_of("chat", event)
        for choice in event.get("choices", ()):
            delta = choice["delta"]
            deltas.append(delta)
            got.expect(not reasons or not delta.get("content"), "words after the finish")
            got.text += delta.get("content") or delta.get("refusal") or ""
            for call in delta.get("tool_calls") or ():
                arguments[call["index"]] = arguments.get(call["index"], "") + call["function"].get("arguments", "")
            reasons += [choice["finish_reason"]] if choice.get("finish_reason") else []
        got.output = (event.get("usage") or {}).get("completion_tokens", got.output)
    terminated = bool(events) and "terminator" in events[-1]
    got.expect(len(reasons) <= 1, "more than one finish")
    got.expect(got.error or bool(reasons) == terminated, TERMINATOR)
    got.finished = bool(reasons) or terminated
    got.calls = [*arguments.values()] if got.finished else []
    got.expect(not got.finished or not lacks_fields(deltas), LACKING)
    _same(got, [event["id"] for event in events if event.get("choices") and event.get("id")], "ids")


def _anthropic(events: list[dict[str, Any]], got: Received) -> None:
    order = [event["type"] for event in events if event["type"] != "ping"]
    blocks: list[int] = []
    opened: int | None = None
    block: dict[str, Any] = {}
    arguments = ""
    for event in events:
        match event["type"]:
            case "content_block_start":
                got.expect(opened is None and event["index"] == len(blocks), "a block out of order")
                opened, block, arguments = event["index"], event["content_block"], ""
                blocks.append(event["index"])
            case "content_block_delta":
                got.expect(opened == event["index"], "a delta outside its block")
                got.text += event["delta"].get("text", "")
                arguments += event["delta"].get("partial_json", "")
                block["signature"] = event["delta"].get("signature") or block.get("signature")
            case "content_block_stop":
                got.expect(opened == event["index"], "the end of a block that isn't open")
                got.expect(block["type"] != "thinking" or block.get("signature"), "a thought that ends unsigned")
                got.calls += [arguments] if block["type"] == "tool_use" else []
                opened = None
            case "message_delta":
                got.output = event["usage"]["output_tokens"]
                got.finished = bool(event["delta"]["stop_reason"])
            case "error":
                got.error = _error_of("anthropic", event)
    got.expect(got.error or opened is None, "a block that is never closed")
    got.expect(order[:1] == ["message_start"] or order == ["error"], "no message_start at the start")
    got.expect(order.count("message_start") <= 1 and order.count("message_delta") <= 1, "two messages")
    got.expect(order[-1:] == ["error"] if got.error else order[-1:] == ["message_stop"], f"{order[-1:]} at the end")


def _responses(events: list[dict[str, Any]], got: Received) -> None:
    items = Items()
    for event in events:
        got.expect(not items.is_misplaced(event), MISPLACED)
        match event["type"]:
            case "response.output_text.delta" | "response.refusal.delta":
                got.text += event["delta"]
            case "response.output_text.done":
                got.expect(event["text"] == got.text, DONE)
            case "response.output_item.done" if event["item"]["type"] == "function_call":
                got.calls += [event["item"]["arguments"]] if event["item"]["status"] == "completed" else []
            case "response.function_call_arguments.done":
                got.expect(_is_json(event["arguments"]), "the arguments of a half call are done")
            case "error":
                got.error = str(event.get("message", ""))
            case "response.failed":
                got.error = got.error or event["response"]["error"]["message"]
            case "response.completed" | "response.incomplete":
                whole = Received(200, "")
                _whole_responses(event["response"], whole)
                got.finished, got.output = whole.finished, whole.output
                got.expect(whole.calls == got.calls, "the whole response has other calls than the events")
                got.expect(whole.text == got.text, WHOLE)
    types = [event["type"] for event in events]
    got.expect(types[:1] == ["response.created"], "no response.created at the start")
    got.expect(types.count("response.created") == 1, "two responses")
    got.expect(types[-1] in _LAST_OF_RESPONSES, f"{types[-1]} at the end")
    numbers = [event["sequence_number"] for event in events]
    got.expect(numbers == list(range(len(events))), NUMBERS)
    _same(got, [event["response"]["id"] for event in events if "response" in event], "ids")


def _gemini(events: list[dict[str, Any]], got: Received) -> None:
    for event in events:
        got.expect(not got.error, "an event after the error")
        if "error" in event:
            got.error = _error_of("gemini", event)
            continue
        got.expect(not got.finished or "candidates" not in event, "words after the finish")
        _gemini_chunk(event, got)


def _ollama(events: list[dict[str, Any]], got: Received) -> None:
    for event in events:
        got.expect(not got.error and not got.finished, "a line after the end")
        if "error" in event:
            got.error = _error_of("ollama", event)
            continue
        _whole_ollama(event, got)


# --- whole replies ---------------------------------------------------------------------------------------


def _whole_chat(body: dict[str, Any], got: Received) -> None:
    (choice,) = body["choices"]
    got.text = choice["message"].get("content") or choice["message"].get("refusal") or ""
    got.calls = [call["function"]["arguments"] for call in choice["message"].get("tool_calls") or ()]
    got.finished, got.output = bool(choice["finish_reason"]), body["usage"]["completion_tokens"]


def _whole_anthropic(body: dict[str, Any], got: Received) -> None:
    got.text = "".join(block.get("text", "") for block in body["content"])
    got.calls = [_plain(block["input"]) for block in body["content"] if block["type"] == "tool_use"]
    got.finished, got.output = bool(body["stop_reason"]), body["usage"]["output_tokens"]


def _whole_responses(body: dict[str, Any], got: Received) -> None:
    parts = [part for item in body["output"] if item["type"] == "message" for part in item["content"]]
    got.text = "".join(part.get("text") or part.get("refusal") or "" for part in parts)
    got.calls = [item["arguments"] for item in body["output"] if item["type"] == "function_call"]
    got.finished, got.output = body["status"] in ("completed", "incomplete"), body["usage"]["output_tokens"]


def _gemini_chunk(body: dict[str, Any], got: Received) -> None:
    for candidate in body.get("candidates", ()):
        parts = candidate.get("content", {}).get("parts", ())
        got.text += "".join(part.get("text", "") for part in parts if not part.get("thought"))
        got.calls += [_plain(part["functionCall"]["args"]) for part in parts if "functionCall" in part]
        got.finished = got.finished or bool(candidate.get("finishReason"))
    got.output = body.get("usageMetadata", {}).get("candidatesTokenCount", got.output)


def _whole_ollama(body: dict[str, Any], got: Received) -> None:
    got.text += body["message"]["content"]
    got.calls += [_plain(call["function"]["arguments"]) for call in body["message"].get("tool_calls") or ()]
    got.finished, got.output = bool(body["done"]), body.get("eval_count", got.output)


def _plain(arguments: object) -> str:
    return json.dumps(arguments, separators=(",", ":"))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True


def _same(got: Received, values: list[str], noun: str) -> None:
    got.expect(len(set(values)) <= 1, f"different {noun}: {sorted(set(values))}")


_LAST_OF_RESPONSES = ("response.completed", "response.incomplete", "response.failed", "error")
_STREAMED: Mapping[str, Callable[[list[dict[str, Any]], Received], None]] = {
    "chat": _chat,
    "responses": _responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "ollama": _ollama,
}
_WHOLE: Mapping[str, Callable[[dict[str, Any], Received], None]] = {
    "chat": _whole_chat,
    "responses": _whole_responses,
    "anthropic": _whole_anthropic,
    "gemini": _gemini_chunk,
    "ollama": _whole_ollama,
}
DIALECTS = tuple(_WHOLE)


def request(dialect: str, model: str, prompt: str, *, stream: bool, tools: bool = False) -> tuple[str, dict[str, Any]]:
    """The path and the body of a request that asks ``model`` in the dialect. ``tools``: it may call a function."""
    path, body = _request(dialect, model, prompt, stream=stream)
    return path, body | ({"tools": _TOOLS[dialect]} if tools else {})


def _request(dialect: str, model: str, prompt: str, *, stream: bool) -> tuple[str, dict[str, Any]]:
    messages = [{"role": "user", "content": prompt}]
    match dialect:
        case "gemini":
            method = "streamGenerateContent?alt=sse" if stream else "generateContent"
            return f"/v1beta/models/{model}:{method}", {"contents": [{"role": "user", "parts": [{"text": prompt}]}]}
        case "responses":
            return "/v1/responses", {"model": model, "input": prompt, "stream": stream}
        case "anthropic":
            return "/v1/messages", {"model": model, "max_tokens": 512, "messages": messages, "stream": stream}
        case "ollama":
            return "/api/chat", {"model": model, "messages": messages, "stream": stream}
    usage = {"stream_options": {"include_usage": True}} if stream else {}
    return "/v1/chat/completions", {"model": model, "messages": messages, "stream": stream, **usage}


_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "country": {"type": "string"}},
    "required": ["city", "country"],
}
_FUNCTION = {"name": "weather", "description": "The weather.", "parameters": _SCHEMA}
_TOOLS: Mapping[str, list[dict[str, Any]]] = {
    "chat": [{"type": "function", "function": _FUNCTION}],
    "responses": [{"type": "function", **_FUNCTION}],
    "anthropic": [{"name": "weather", "description": "The weather.", "input_schema": _SCHEMA}],
    "gemini": [{"functionDeclarations": [_FUNCTION]}],
    "ollama": [{"type": "function", "function": _FUNCTION}],
}
