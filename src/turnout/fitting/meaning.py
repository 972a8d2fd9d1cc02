"""What would make the answer mean something else if it were left out. Such a request is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Raw

from turnout.core import Audio, ChatRequest, Extensions, File, Image, Message, Text, ToolResult, forces_a_tool
from turnout.errors import InvalidRequest, Unsupported

from .fitting import Fitting
from .searches import is_there

_INPUT: Final = "the model would not see it"
_FORM: Final = "the answer would have another form"
_PRIVACY: Final = "it promises privacy or a place, which this provider can't promise"

_WORDS: Final = "it forces or forbids words"

_OPENAI: Final = {
    "audio": _FORM,
    "logit_bias": _WORDS,
    "modalities": _FORM,
    "response_format": _FORM,
    "tool_choice": _FORM,
}
_SERVERS: Final = {
    "allowed_token_ids": _WORDS,
    "bad_words": _WORDS,
    "continue_final_message": _INPUT,
    "documents": _INPUT,
    "ebnf": _FORM,
    "grammar": _FORM,
    "guided_choice": _FORM,
    "guided_decoding": _FORM,
    "guided_grammar": _FORM,
    "guided_json": _FORM,
    "guided_regex": _FORM,
    "image_data": _INPUT,
    "input_extra": _INPUT,
    "input_prefix": _INPUT,
    "input_suffix": _INPUT,
    "json_schema": _FORM,
    "n_cmpl": _FORM,
    "prompt_logprobs": _FORM,
    "regex": _FORM,
    "return_tokens": _FORM,
    "stop_token_ids": "the answer would end elsewhere",
    "structured_outputs": _FORM,
}
"""Of vLLM, SGLang and llama.cpp, on OpenAI's wire and on their own:
https://docs.vllm.ai/en/latest/features/structured_outputs.html,
https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
"""

MEANING: Final[Mapping[str, Mapping[str, str]]] = {
    "anthropic": {
        # https://platform.claude.com/docs/en/build-with-claude/data-residency
        "inference_geo": _PRIVACY,
        "tool_choice": _FORM,
    },
    # https://ai.google.dev/api/generate-content
    "gemini": {
        "cachedContent": _INPUT,
        "generationConfig.responseMimeType": _FORM,
        "generationConfig.responseModalities": _FORM,
    },
    "llamacpp": {"logit_bias": _WORDS, **_SERVERS},
    # https://docs.ollama.com/api/generate
    "ollama-generate": {"context": _INPUT, "raw": _INPUT, "suffix": _INPUT, "template": _INPUT},
    "openai": _OPENAI | _SERVERS,
    "openai-completions": {"echo": _FORM, "max_tokens": _FORM, "prompt": _INPUT, "suffix": _INPUT},
    "openai-responses": {"background": _FORM, "conversation": _INPUT, "prompt": _INPUT, "tool_choice.type": _FORM},
    "vllm": {"logit_bias": _WORDS, **_SERVERS},
}
"""Fields of a wire that the core has no place for, by the wire's namespace, and why they are no hints."""

_ITEM: Final = re.compile(r"(input|previous)\[\d+\](?!\.tools\[)")
"""Parts of the conversation that only one wire has. An item may bring tools, which are as those of the request."""

_STEPS: Final = frozenset(
    f'"{kind}"'.encode()
    for kind in (
        "code_interpreter_call",
        "file_search_call",
        "mcp_approval_request",
        "mcp_approval_response",
        "mcp_call",
        "mcp_list_tools",
    )
)
"""Types of items for what OpenAI itself ran on the way to an answer: the answer that they led to is there."""

_HOSTED: Final = re.compile(r"tools(\[\d+\])?\.")
"""Tools that the provider runs. The model may answer without them, unless it has to call one."""

_RESPONSES: Final = "openai-responses"

_ROUTING: Final = "provider"
"""OpenRouter's choice of providers: https://openrouter.ai/docs/features/provider-routing"""


class _Routing(msgspec.Struct):
    data_collection: str | None = None
    zdr: bool | None = None


_ROUTING_DECODER = msgspec.json.Decoder(_Routing)
_NO_VALUES: Final = frozenset({b"null", b"{}", b"[]", b'""', b"false"})
_NO_OPS: Final[dict[str, frozenset[bytes]]] = {
    "inference_geo": frozenset({b'"global"'}),
    "modalities": frozenset({b'["text"]'}),
    "serviceTier": frozenset({b'"standard"', b'"unspecified"'}),
    "tool_choice": frozenset({b'"auto"'}),
    "service_tier": frozenset({b'"auto"', b'"default"', b'"standard"'}),
    "truncation": frozenset({b'"disabled"'}),
}
"""Values that mean the same as a missing field."""


def says_nothing(field: str, value: Raw) -> bool:
    """Whether the field means the same as if it weren't there. ``store: false`` is kept by not storing anything."""
    data = bytes(value)
    return (data in _NO_VALUES or data in _NO_OPS.get(field, ())) and not _HOSTED.match(field)


def refuse_what_has_no_place(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    """Raises ``Unsupported`` for the first one."""
    for number, message in enumerate(request.messages):
        _check_message(message, f"messages[{number}]", request, fitting)
    for field, feature in _settings(request, fitting):
        raise Unsupported(f"The provider '{fitting.provider}' does not support {feature}.", param=field)
    refuse_fields(request.extensions, fitting)
    if not request.messages:
        raise InvalidRequest("The conversation is empty: say something.", param="messages")
    _check_choice(request, fitting)
    return request


def _check_choice(request: ChatRequest, fitting: Fitting) -> None:
    """A tool that has to be called has to be there. One that the client's provider runs isn't."""
    choice = request.tool_choice
    if choice is None or not forces_a_tool(request):
        return
    names = {tool.name for tool in request.tools}
    names |= {tool.name or "" for tool in request.hosted if is_there(tool, request, fitting.support)}
    if not names or (choice.mode == "tool" and choice.name not in names):
        tool = f"the tool '{choice.name}'" if choice.mode == "tool" else "any of the tools"
        problem = f"The provider '{fitting.provider}' does not have {tool}, and the request wants it called."
        raise Unsupported(problem, param="tool_choice")


def refuse_fields(extensions: Extensions, fitting: Fitting) -> None:
    """Raises ``Unsupported`` for the first field of another wire that is no hint."""
    for namespace, fields in (extensions or {}).items():
        if namespace == fitting.support.namespace:
            continue
        for field, value in fields.items():
            reason = None if says_nothing(field, value) else _reason(namespace, field, value)
            if reason is not None:
                problem = f"The provider '{fitting.provider}' does not support '{field}': {reason}."
                raise Unsupported(problem, param=field, own=True)


def _reason(namespace: str, field: str, value: Raw) -> str | None:
    """Why the field is no hint; None for a hint."""
    if namespace == "openai" and field == _ROUTING:
        return _PRIVACY if _promises_privacy(value) else None
    item = _ITEM.match(field) and (not field.endswith("].type") or bytes(value) not in _STEPS)
    return MEANING.get(namespace, {}).get(field) or (_INPUT if item else None)


def _promises_privacy(value: Raw) -> bool:
    try:
        routing = _ROUTING_DECODER.decode(value)
    except msgspec.ValidationError:
        return False
    return routing.data_collection == "deny" or bool(routing.zdr)


def _settings(request: ChatRequest, fitting: Fitting) -> Iterator[tuple[str, str]]:
    support, sampling = fitting.support, request.sampling
    if request.tools and not support.tools:
        yield "tools", "tools"
    if request.output.kind == "json" and not support.json:
        yield "response_format", "JSON output"
    if request.output.kind == "json_schema" and not support.json_schema:
        yield "response_format", "output by a JSON schema"
    if request.n > 1 and not support.choices:
        yield "n", "several choices (n > 1)"
    if request.stop and not support.stop:
        yield "stop", "stop sequences"
    for name in ("logprobs", "top_logprobs"):
        if getattr(sampling, name) and name not in support.knobs | support.ignores:
            yield name, f"'{name}'"


def _check_message(message: Message, where: str, request: ChatRequest, fitting: Fitting) -> None:
    for part in message.parts:
        for inner in part.parts if isinstance(part, ToolResult) else (part,):
            if message.role == "assistant" and isinstance(inner, Text):
                continue  # a provider's own step: others are told in words, if at all (``steps.py``)
            feature = _unsupported_medium(inner, request, fitting)
            if feature:
                raise Unsupported(f"The provider '{fitting.provider}' does not support {feature}.", param=where)


def _unsupported_medium(part: object, request: ChatRequest, fitting: Fitting) -> str | None:
    support = fitting.support
    match part:
        case Image() if fitting.deployment.traits.blind:
            return "images with this model"
        case Image(url=str()) if not support.image_urls:
            return "images by URL; send the image as base64"
        case Image(data=str()) if not support.image_data:
            return "images as base64; send the image's URL"
        case Audio() if not support.audio:
            return "audio"
        case File(media_type=str(kind)) if kind.startswith("video/") and not support.video:
            return "videos"
        case File(media_type=kind) if not support.files and not (kind or "").startswith("video/"):
            return "files"
        case File(file_id=str()) if _is_foreign(request, fitting):
            return "files that were uploaded to another provider; send the file's data"
        case Text(text="", extensions=dict(extensions)):
            return _unsupported_block(extensions, fitting)
    return None


def _is_foreign(request: ChatRequest, fitting: Fitting) -> bool:
    """Whether the request came over the wire of another provider. A program that uses the library has no wire.

    Who keeps files for clients of Responses speaks Responses, and gets the request as it came.
    """
    if request.raw is None:
        return False
    wire = request.raw.wire
    return wire == _RESPONSES or re.split("[-,]", wire)[0] != fitting.support.namespace


def _unsupported_block(extensions: dict[str, dict[str, Raw]], fitting: Fitting) -> str | None:
    """A part that the core has no type for is a Text without text. Its extensions hold the whole block of its wire."""
    for namespace, fields in extensions.items():
        if namespace != fitting.support.namespace and "block" in fields:
            return f"content blocks that only the wire '{namespace}' has"
    return None
