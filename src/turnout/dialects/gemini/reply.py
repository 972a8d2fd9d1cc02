"""Answers → Gemini's replies, and the parts of them that a stream shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import (
    Answer,
    Audio,
    Choice,
    File,
    Finish,
    Image,
    Part,
    Refusal,
    Search,
    Text,
    Thinking,
    TokenLogprob,
    ToolCall,
    ToolResult,
    Usage,
)
from turnout.dialects import ReplyContext
from turnout.dialects.arguments import arguments_object

from .fields import Fields
from .grounding import grounding_of
from .signature import FIELD, NAMESPACE, wrap

_encode = msgspec.json.encode
_EMPTY_TEXT = {"text": ""}
_REASONS = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
    "content_filter": "SAFETY",
    "refusal": "SAFETY",
    "other": "OTHER",
}
_NATIVE_REASONS = frozenset(
    {
        "BLOCKLIST",
        "CONTINUATION",
        "ESCALATION",
        "IMAGE_OTHER",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "IMAGE_SAFETY",
        "LANGUAGE",
        "MALFORMED_FUNCTION_CALL",
        "MALFORMED_RESPONSE",
        "MAX_TOKENS",
        "MISSING_THOUGHT_SIGNATURE",
        "MODEL_ARMOR",
        "NO_IMAGE",
        "OTHER",
        "PROHIBITED_CONTENT",
        "RECITATION",
        "SAFETY",
        "SPII",
        "STOP",
        "TOO_MANY_TOOL_CALLS",
        "UNEXPECTED_TOOL_CALL",
    }
)
"""Google's own words (https://ai.google.dev/api/generate-content#FinishReason)."""


def reply_body(answer: Answer, context: ReplyContext) -> bytes:
    """A whole ``GenerateContentResponse``."""
    reply: dict[str, Any] = {"candidates": [_candidate(choice) for choice in answer.choices]}
    if answer.usage:
        reply["usageMetadata"] = usage_fields(answer.usage)
    return _encode(reply | origin_fields(answer.model, answer.id, context))


def origin_fields(model: str, answer_id: str, context: ReplyContext) -> dict[str, str]:
    return {"modelVersion": model or context.model, "responseId": answer_id or context.request_id}


def _candidate(choice: Choice) -> dict[str, Any]:
    parts = [fields for part in choice.parts if (fields := part_fields(part)) not in (None, _EMPTY_TEXT)]
    candidate: dict[str, Any] = {"content": {"parts": parts or [_EMPTY_TEXT], "role": "model"}, "index": choice.index}
    candidate |= grounding_of(choice.parts)
    if choice.finish:
        candidate["finishReason"] = reason_of(choice.finish)
    if choice.logprobs:
        candidate["avgLogprobs"] = sum(token.logprob for token in choice.logprobs) / len(choice.logprobs)
        candidate["logprobsResult"] = logprob_fields(choice.logprobs)
    return candidate


def reason_of(finish: Finish) -> str:
    return finish.native_reason if finish.native_reason in _NATIVE_REASONS else _REASONS[finish.reason]


def part_fields(part: Part) -> dict[str, Any] | Raw | None:
    """The fields of the whole part; None for a part that answers don't have."""
    gemini_fields: Fields = (part.extensions or {}).get(NAMESPACE) or {}
    if "block" in gemini_fields:
        return gemini_fields["block"]
    fields = _fields_on_wire(part)
    if fields is None:
        return None
    if FIELD not in gemini_fields and (wrapped := wrap(part)) is not None:
        fields[FIELD] = wrapped
    return {**fields, **gemini_fields}


def _fields_on_wire(part: Part) -> dict[str, Any] | None:
    match part:
        case Text(text=text) | Refusal(text=text):
            return {"text": text}
        case Thinking(text=text):
            return {"text": text, "thought": True}
        case ToolCall(id=call_id, name=name, arguments=arguments):
            return {"functionCall": {"id": call_id, "name": name, "args": arguments_object(arguments)}}
        case Image(data=None, url=url) | File(data=None, url=str() as url):
            return {"fileData": {"mimeType": part.media_type or "", "fileUri": url}}
        case File(data=None, file_id=file_id):
            return {"fileData": {"mimeType": part.media_type or "", "fileUri": file_id}}
        case Image(data=data) | File(data=data):
            return {"inlineData": {"mimeType": part.media_type or "", "data": data}}
        case Audio(data=data, format=audio_format):
            return {"inlineData": {"mimeType": f"audio/{audio_format}", "data": data}}
        case ToolResult() | Search():  # a search is told beside the content
            return None
    return {"text": "", "thought": True}  # a sealed thought: the signature holds all of it


def usage_fields(usage: Usage) -> dict[str, Any]:
    """Google counts the tokens of thoughts separately from those of the answer."""
    fields: dict[str, Any] = {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": max(usage.output - usage.reasoning, 0),
        "totalTokenCount": usage.total,
    }
    if usage.cached_input:
        fields["cachedContentTokenCount"] = usage.cached_input
    if usage.reasoning:
        fields["thoughtsTokenCount"] = usage.reasoning
    extra = usage.extra
    if usage.audio_input or usage.image_input or extra.video_input:
        media = usage.audio_input, usage.image_input, extra.video_input
        fields["promptTokensDetails"] = _by_modality(usage.input, *media)
    if extra.cached_audio or extra.cached_image:
        fields["cacheTokensDetails"] = _by_modality(usage.cached_input, extra.cached_audio, extra.cached_image)
    if usage.audio_output or usage.image_output or extra.video_output:
        media = usage.audio_output, usage.image_output, extra.video_output
        fields["candidatesTokensDetails"] = _by_modality(usage.output - usage.reasoning, *media)
    return fields


def _by_modality(total: int, audio: int, image: int, video: int = 0) -> list[dict[str, Any]]:
    counts = {"TEXT": total - audio - image - video, "AUDIO": audio, "IMAGE": image, "VIDEO": video}
    return [{"modality": modality, "tokenCount": count} for modality, count in counts.items() if count > 0]


def logprob_fields(tokens: Sequence[TokenLogprob]) -> dict[str, Any]:
    return {
        "chosenCandidates": [_logprob(token) for token in tokens],
        "topCandidates": [{"candidates": [_logprob(top) for top in token.top]} for token in tokens],
    }


def _logprob(token: TokenLogprob) -> dict[str, Any]:
    return {"token": token.token, "logProbability": token.logprob}
