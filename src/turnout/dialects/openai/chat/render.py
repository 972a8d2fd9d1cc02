"""Core events and answers → OpenAI's chunks and completions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from turnout.core import (
    Answer,
    ChatRequest,
    Choice,
    Citation,
    Delta,
    Finish,
    Image,
    PartEnd,
    PartStart,
    RedactedThinking,
    Refusal,
    Start,
    Text,
    Thinking,
    TokenLogprob,
    ToolCall,
    Usage,
    merged_extensions,
)
from turnout.dialects import SSE_COMMENT, ReplyContext
from turnout.dialects.json_members import members
from turnout.dialects.logprobs import tokens_with_alternatives
from turnout.dialects.openai.errors import error_body
from turnout.dialects.sealed import needed_again
from turnout.dialects.stream_renderer import StreamRenderer
from turnout.errors import TurnoutError

from .annotations import annotations_of
from .calls import CallDeltas, Calls
from .details import Carried, details_of

_encode = msgspec.json.encode
_REASONS = {"refusal": "content_filter", "other": "length"}
"""The other reasons are OpenAI's own words. An end that isn't normal leaves an answer that isn't whole."""

_DELTAS = {Text: b'{"content":%b}', Thinking: b'{"reasoning_content":%b}', Refusal: b'{"refusal":%b}'}
_CHUNK = b'data: {%b,"choices":[{"index":%d,"delta":%b,"finish_reason":%b%b}]}\n\n'
_DONE = b"data: [DONE]\n\n"
_USAGE_CHUNK = b'data: {%b,"choices":[],"usage":%b}\n\n'


class _OpenText:
    """A text while its pieces arrive. ``delta`` is the template of one. Only of a thought the pieces are kept."""

    def __init__(self, part: Text | Thinking | Refusal) -> None:
        self._part = part
        self.delta = _DELTAS[type(part)]
        self.length = len(part.text)  # in characters
        self.pieces = [part.text] if isinstance(part, Thinking) else None

    @property
    def is_content(self) -> bool:
        return isinstance(self._part, Text)

    def cited(self, end: PartEnd) -> tuple[Citation, ...]:
        return (*self._part.citations, *end.citations) if isinstance(self._part, Text) else ()

    def detail(self, end: PartEnd, carried: Carried) -> dict[str, Any] | None:
        """What the provider needs again of it."""
        part = self._part
        extensions = merged_extensions(part.extensions, end.extensions)
        if isinstance(part, Text):
            return carried.text(self.length, extensions)
        if not isinstance(part, Thinking):
            return None
        signature = end.signature or part.signature
        if not signature and not needed_again(extensions):
            return None
        return carried.thought(Thinking("".join(self.pieces or ()), signature, extensions))


class ChunkRenderer(StreamRenderer):
    """One stream of ``chat.completion.chunk`` events."""

    media_type = "text/event-stream"
    keepalive = SSE_COMMENT

    def __init__(self, request: ChatRequest, context: ReplyContext) -> None:
        super().__init__(context)
        self._show_usage = request.stream_usage
        self._head = b""  # the members that are the same in every chunk
        self._begun: set[int] = set()  # choices whose role was sent
        self._texts: dict[tuple[int, int], _OpenText] = {}  # by choice and part
        self._calls = CallDeltas(request)
        self._call_ids: dict[tuple[int, int], str] = {}  # by choice and part
        self._carried: defaultdict[int, Carried] = defaultdict(Carried)  # by choice
        self._annotations: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)  # by choice
        self._lengths: defaultdict[int, int] = defaultdict(int)  # of the content so far in characters, by choice

    def close(self) -> bytes:
        if self._last_relayed:
            return b"" if b"[DONE]" in self._last_relayed else _DONE  # some providers omit it
        frames = b""
        if self._show_usage and self._usage:
            frames = _USAGE_CHUNK % (self._head, _encode(usage_fields(self._usage)))
        return frames + _DONE

    def fail(self, error: TurnoutError) -> bytes:
        return b"data: %s\n\n" % error_body(error, self._context.request_id)

    def _start(self, event: Start) -> bytes:
        fields = {
            "id": event.id or f"chatcmpl-{self._context.request_id}",
            "object": "chat.completion.chunk",
            "created": event.created or self._context.created,
            "model": event.model or self._context.model,
        }
        self._head = members(fields)
        return self._begin(0)

    def _begin(self, choice: int) -> bytes:
        self._begun.add(choice)
        return self._chunk(choice, b'{"role":"assistant","content":""}')

    def _part_start(self, event: PartStart) -> bytes:
        begin = b"" if event.choice in self._begun else self._begin(event.choice)
        return begin + self._part_start_chunk(event)

    def _part_start_chunk(self, event: PartStart) -> bytes:
        key, part = (event.choice, event.index), event.part
        if isinstance(part, ToolCall):
            self._call_ids[key] = part.id
            delta = self._calls.start(event, part)
            chunk = self._chunk(event.choice, delta) if delta else b""
            return chunk + self._details(event.choice, self._carried[event.choice].call(part.id, part.extensions))
        if isinstance(part, RedactedThinking):
            return self._details(event.choice, self._carried[event.choice].thought(part))
        if isinstance(part, Image):
            carried = self._carried[event.choice]
            chunk = self._chunk(event.choice, _encode({"images": [image_fields(part, carried.images)]}))
            return chunk + self._details(event.choice, carried.image(part.extensions))
        if not isinstance(part, Text | Thinking | Refusal):
            return b""
        text = self._texts[key] = _OpenText(part)
        return self._chunk(event.choice, text.delta % _encode(part.text)) if part.text else b""

    def _delta(self, event: Delta) -> bytes:
        key = (event.choice, event.index)
        text = self._texts.get(key)
        if text is not None:
            text.length += len(event.text)
            if text.pieces is not None:
                text.pieces.append(event.text)
            return self._chunk(event.choice, text.delta % _encode(event.text))
        if key not in self._calls:
            return b""
        delta = self._calls.piece(key, event.text)
        return self._chunk(event.choice, delta) if delta else b""

    def _part_end(self, event: PartEnd) -> bytes:
        """Sends what the provider needs again with the part, which is complete at its end."""
        key = (event.choice, event.index)
        text = self._texts.pop(key, None)
        if text is not None:
            self._annotate(event.choice, text, event)
            return self._details(event.choice, text.detail(event, self._carried[event.choice]))
        if key not in self._calls:
            return b""
        chunks = [self._chunk(event.choice, delta) for delta in self._calls.end(key, event.extensions)]
        detail = self._carried[event.choice].call(self._call_ids[key], event.extensions)
        return b"".join(chunks) + self._details(event.choice, detail)

    def _annotate(self, choice: int, text: _OpenText, end: PartEnd) -> None:
        if text.is_content:
            start = self._lengths[choice]
            self._lengths[choice] += text.length
            self._annotations[choice] += annotations_of(text.cited(end), start, text.length)

    def _details(self, choice: int, detail: dict[str, Any] | None) -> bytes:
        """One chunk with the whole detail: a signature is useless without its text."""
        return self._chunk(choice, _encode({"reasoning_details": [detail]})) if detail else b""

    def _finish(self, event: Finish) -> bytes:
        if self._last_relayed:
            return b""
        reason = _encode(self._calls.reason(_REASONS.get(event.reason, event.reason), event.choice))
        annotations = self._annotations.pop(event.choice, None)
        # all at once: OpenAI's SDK can't add to a list whose items have no index
        cited = self._chunk(event.choice, _encode({"annotations": annotations})) if annotations else b""
        native = b',"native_finish_reason":' + _encode(event.native_reason) if event.native_reason else b""
        return cited + self._chunk(event.choice, b"{}", reason, native)

    def _logprobs_member(self, tokens: Sequence[TokenLogprob]) -> bytes:
        return b',"logprobs":' + _encode(logprob_fields(tokens))

    def _chunk(self, choice: int, delta: bytes, finish: bytes = b"null", more: bytes = b"") -> bytes:
        if self._logprobs:
            more += self._logprobs.pop(choice, b"")
        return _CHUNK % (self._head, choice, delta, finish, more)


def completion_body(request: ChatRequest, answer: Answer, context: ReplyContext) -> bytes:
    """A whole ``chat.completion``."""
    calls = Calls(request)
    completion: dict[str, Any] = {
        "id": answer.id or f"chatcmpl-{context.request_id}",
        "object": "chat.completion",
        "created": answer.created or context.created,
        "model": answer.model or context.model,
        "choices": [_choice(choice, calls) for choice in answer.choices],
    }
    if answer.usage:
        completion["usage"] = usage_fields(answer.usage)
    return _encode(completion)


def _choice(choice: Choice, client: Calls) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": _joined(choice, Text),
        "refusal": _joined(choice, Refusal),
        "annotations": _annotations(choice),
    }
    thinking = _joined(choice, Thinking)
    if thinking is not None:
        message["reasoning_content"] = thinking
    images = [part for part in choice.parts if isinstance(part, Image)]
    if images:
        message["images"] = [image_fields(image, number) for number, image in enumerate(images)]
    details = details_of(choice.parts)
    if details:
        message["reasoning_details"] = details
    calls = [part for part in choice.parts if isinstance(part, ToolCall)]
    message |= client.message_fields(calls)
    finish = choice.finish
    logprobs = logprob_fields(choice.logprobs) if choice.logprobs else None
    rendered: dict[str, Any] = {"index": choice.index, "message": message, "logprobs": logprobs, "finish_reason": None}
    if finish:
        rendered["finish_reason"] = client.reason(_REASONS.get(finish.reason, finish.reason), calls)
        rendered["native_finish_reason"] = finish.native_reason
    return rendered


def _annotations(choice: Choice) -> list[dict[str, Any]]:
    annotations: list[dict[str, Any]] = []
    start = 0
    for part in choice.parts:
        if isinstance(part, Text):
            annotations += annotations_of(part.citations, start, len(part.text))
            start += len(part.text)
    return annotations


def image_fields(image: Image, number: int) -> dict[str, Any]:
    """A picture of an answer, as OpenRouter's and Vercel's gateways have it, and their clients read it. OpenAI's own
    chat has no form for it: https://openrouter.ai/docs/features/multimodal/image-generation
    """
    url = image.url or f"data:{image.media_type};base64,{image.data}"
    return {"type": "image_url", "image_url": {"url": url}, "index": number}


def _joined(choice: Choice, kind: type[Text] | type[Thinking] | type[Refusal]) -> str | None:
    texts = [part.text for part in choice.parts if isinstance(part, kind)]
    return "".join(texts) if texts else None


def logprob_fields(tokens: Sequence[TokenLogprob]) -> dict[str, Any]:
    return {"content": tokens_with_alternatives(tokens), "refusal": None}


def usage_fields(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.total,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_input,
            "cache_write_tokens": usage.cache_write,
            "audio_tokens": usage.audio_input,
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": usage.audio_output,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
