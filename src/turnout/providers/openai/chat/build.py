"""``ChatRequest`` → a request body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import (
    NO_CHANGES,
    Audio,
    Change,
    ChatRequest,
    Deployment,
    File,
    Image,
    Message,
    Parameters,
    Part,
    Reasoning,
    RedactedThinking,
    Refusal,
    Search,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from turnout.errors import InvalidRequest, Unsupported
from turnout.providers.openai.parameters import remove_refused, set_parameters

from .effort import effort_instead, effort_of
from .foreign_state import own_messages, without_thoughts
from .forms import forms_of
from .prefill import mark_prefill

NAMESPACE = "openai"
_encode = msgspec.json.encode
_TRUE = Raw(b"true")
_INCLUDE_USAGE = Raw(b'{"include_usage":true}')
_LIMITS = ("max_tokens", "max_completion_tokens")


def relayed_body(
    fields: dict[str, Raw],
    parameters: Parameters,
    deployment: Deployment,
    unknown: frozenset[str],
    *,
    with_usage: bool,
    with_extra: bool,
) -> tuple[bytes, tuple[Change, ...]]:
    """The client's own fields, byte for byte. Only the model's name, ``stream_options`` and what the model or the
    deployment doesn't take as it is change, and what Turnout itself has put into the messages for other providers is
    left out.

    ``unknown`` are hints that the deployment refuses to be told. ``with_usage``: a stream may be asked for its usage.
    ``with_extra``: the vendor may read ``extra_content``.
    """
    request, changes = parameters.request, parameters.changes
    body: dict[str, Any] = dict(fields)
    body["model"] = deployment.model
    if "messages" in fields:
        messages = own_messages(fields["messages"], with_extra=with_extra)
        body["messages"] = messages if deployment.traits.reasoning_content else without_thoughts(messages)
    if with_usage and request.stream and not request.stream_usage:
        body["stream_options"] = asking_for_usage(body.get("stream_options"))
    limit = _limit_field(parameters)
    if request.max_output is not None and (parameters.lowered is not None or not _has_value(body, limit)):
        for name in _LIMITS:
            body.pop(name, None)
        body[limit] = request.max_output
    set_parameters(body, parameters, limit)
    if request.reasoning is not None:
        changes = (*changes, *_adapt_effort(body, request.reasoning, deployment))
    if unknown:
        changes = (*changes, *[Change(name) for name in fields if name in unknown and _has_value(fields, name)])
        body = {name: value for name, value in body.items() if name not in unknown}
    return _encode(body), changes


def _limit_field(parameters: Parameters) -> str:
    return "max_completion_tokens" if "max_tokens" in parameters.refused else "max_tokens"


def _adapt_effort(body: dict[str, Any], reasoning: Reasoning, deployment: Deployment) -> tuple[Change, ...]:
    instead = effort_instead(reasoning, deployment.traits)
    if instead is None:
        return NO_CHANGES
    word, changes = instead
    if word is None:
        del body["reasoning_effort"]
    else:
        body["reasoning_effort"] = word
    return changes


def _has_value(body: dict[str, Any], name: str) -> bool:
    return name in body and bytes(body[name]) != b"null"


def asking_for_usage(options: Raw | None) -> Raw:
    """The client's ``stream_options``, which also ask for the usage."""
    if options is None or bytes(options) == b"null":
        return _INCLUDE_USAGE
    fields = msgspec.json.decode(options, type=dict[str, Raw])
    return Raw(_encode(fields | {"include_usage": Raw(b"true")}))


def translated_body(
    parameters: Parameters, deployment: Deployment, unknown: frozenset[str], *, with_usage: bool
) -> tuple[bytes, tuple[Change, ...]]:
    """A body made from the core's request. ``turnout.fitting`` has fitted the request before.

    ``unknown`` are hints that the deployment refuses to be told.
    """
    request = parameters.request
    sampling, limit = parameters.sampling, _limit_field(parameters)
    body: dict[str, Any] = {
        "model": deployment.model,
        "messages": [wire for message in request.messages for wire in _messages(message)],
        limit: parameters.max_tokens,
        "stop": list(request.stop) or None,
        "n": request.n if request.n > 1 else None,
        "seed": sampling.seed,
        "top_k": sampling.top_k,
        "logprobs": sampling.logprobs,
        "top_logprobs": sampling.top_logprobs,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
        "user": request.user,
        "metadata": request.metadata if _stores(request) else None,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
    }
    if request.stream:
        body["stream"] = True
        if with_usage:
            body["stream_options"] = {"include_usage": True}
    effort, changes = effort_of(request.reasoning, deployment.traits.efforts)
    forms, form_changes = forms_of(request)
    body |= forms | effort | (request.extensions or {}).get(NAMESPACE, {})
    if request.prefilled:
        mark_prefill(body, deployment)
    remove_refused(body, parameters, limit)
    data = _encode({name: value for name, value in body.items() if value is not None and name not in unknown})
    changes = (*changes, *form_changes, *[Change(name) for name in body if name in unknown and body[name] is not None])
    if request.metadata and not _stores(request):
        changes = (*changes, Change("metadata"))
    return data, (*parameters.changes, *changes)


def _stores(request: ChatRequest) -> bool:
    """OpenAI takes ``metadata`` only of an answer that it shall store."""
    return (request.extensions or {}).get(NAMESPACE, {}).get("store") == _TRUE


def _messages(message: Message) -> Iterator[dict[str, Any]]:
    """One message or several: on this wire each tool result is a message."""
    if message.role == "assistant":
        yield _assistant(message)
        return
    other_parts = []
    for part in message.parts:
        if isinstance(part, ToolResult):
            yield {"role": "tool", "tool_call_id": part.call_id, "content": _content(part.parts)}
        else:
            other_parts.append(part)
    if other_parts:
        role: Any = ((message.extensions or {}).get(NAMESPACE) or {}).get("role", message.role)
        yield _named({"role": role, "content": _content(other_parts)}, message)


def _assistant(message: Message) -> dict[str, Any]:
    texts = [part for part in message.parts if isinstance(part, Text)]
    fields: dict[str, Any] = {"role": "assistant", "content": _content(texts) if texts else None}
    refusals = [part.text for part in message.parts if isinstance(part, Refusal)]
    if refusals:
        fields["refusal"] = "".join(refusals)
    thoughts = [part.text for part in message.parts if isinstance(part, Thinking)]
    if thoughts:
        fields["reasoning_content"] = "".join(thoughts)
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    if calls:
        fields["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}
            for call in calls
        ]
    return _named(fields, message)


def _named(fields: dict[str, Any], message: Message) -> dict[str, Any]:
    return fields if message.name is None else fields | {"name": message.name}


def _content(parts: Any) -> str | list[dict[str, Any]]:
    """A single text is a string, as some servers on this wire know no other form. No parts are an empty string."""
    if not parts:
        return ""
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    return [_part(part) for part in parts]


def _part(part: Part) -> dict[str, Any]:
    match part:
        case Text(text=text):
            return {"type": "text", "text": text}
        case Image():
            url = part.url or f"data:{part.media_type};base64,{part.data}"
            image = {"url": url} if part.detail is None else {"url": url, "detail": part.detail}
            return {"type": "image_url", "image_url": image}
        case Audio(data=data, format=audio_format):
            return {"type": "input_audio", "input_audio": {"data": data, "format": audio_format}}
        case File(media_type=str(kind), file_id=None) if kind.startswith("video/"):
            return {"type": "video_url", "video_url": {"url": part.url or f"data:{kind};base64,{part.data}"}}
        case File():
            return {"type": "file", "file": _file(part)}
        case Refusal(text=text):
            return {"type": "refusal", "refusal": text}
        case Thinking() | RedactedThinking() | ToolCall() | ToolResult() | Search():
            raise InvalidRequest(f"A part of type '{type(part).__name__}' has no place in this message.")


def _file(file: File) -> dict[str, str]:
    if file.url is not None:
        raise Unsupported("OpenAI's wire has no files by URL; send the file's data.", param="messages")
    data = f"data:{file.media_type};base64,{file.data}" if file.data and file.media_type else file.data
    fields = {"file_data": data, "file_id": file.file_id, "filename": file.name}
    return {name: value for name, value in fields.items() if value is not None}
