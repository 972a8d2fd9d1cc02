"""The features that a provider can express, as data, and the check that refuses all others."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from turnout.errors import Unsupported

from .messages import Audio, Extensions, File, Image, Message, Text, ToolResult
from .operations import CountRequest, Request
from .request import ChatRequest
from .unread import unread_fields

_LOADING_OPTIONS = (
    "embedding_only",
    "f16_kv",
    "logits_all",
    "low_vram",
    "main_gpu",
    "num_batch",
    "num_ctx",
    "num_gpu",
    "num_keep",
    "num_thread",
    "numa",
    "use_mlock",
    "use_mmap",
    "vocab_only",
)
"""Ollama's options for loading a model."""

HARMLESS = frozenset(
    {
        *(f"options.{name}" for name in _LOADING_OPTIONS),
        "cache_control",
        "cache_prompt",
        "diagnostics",
        "generationConfig.mediaResolution",
        "id_slot",
        "keep_alive",
        "labels",
        "max_tool_calls",
        "metadata",
        "n_cache_reuse",
        "n_keep",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "return_progress",
        "safetySettings",
        "safety_identifier",
        "serviceTier",
        "service_tier",
        "shift",
        "slot_id",
        "sse_ping_interval",
        "store",
        "timings_per_token",
        "title",
        "truncate",
        "user",
    }
)
"""Top-level fields that change no word of the answer. A provider that has no place for them ignores them."""


class Support(msgspec.Struct, frozen=True, kw_only=True):
    """``knobs`` are the sampling fields that are sent; ``ignores`` are fields that are left out without harm
    (docs/providers.md): sampling fields, and ``user``, ``metadata``, ``name``, ``detail``, ``strict``, ``taskType``.

    ``namespace`` is the extensions' namespace that this provider understands.
    ``image_url_schemes`` are those of the addresses that it fetches itself. A provider that needs the type of an image
    beside its address has ``image_url_endings``: the endings of a path from which the type is known.
    """

    namespace: str
    knobs: frozenset[str]
    ignores: frozenset[str] = frozenset()
    image_urls: bool = True
    image_url_schemes: frozenset[str] = frozenset({"http", "https"})
    image_url_endings: frozenset[str] | None = None
    image_data: bool = True
    audio: bool = False
    files: bool = False
    tools: bool = True
    json: bool = True
    json_schema: bool = True
    reasoning: bool = True
    choices: bool = False  # n > 1
    stop: bool = True


def refuse_unsupported(request: ChatRequest, support: Support, provider: str) -> None:
    """Raises ``Unsupported`` with the name of the first field of ``request`` that ``provider`` can't express."""
    for field, feature in _unsupported(request, support):
        raise Unsupported(f"The provider '{provider}' does not support {feature}.", param=field)


def dropped_fields(request: ChatRequest, support: Support) -> Iterator[str]:
    """The paths of a translated request's fields that are not sent, because ``support`` has no place for them."""
    for name in request.sampling.__struct_fields__:
        if name in support.ignores and getattr(request.sampling, name) is not None:
            yield name
    for name in ("user", "metadata"):
        if name in support.ignores and getattr(request, name) is not None:
            yield name
    yield from _foreign(request.extensions, support, "")
    for number, tool in enumerate(request.tools):
        if tool.strict is not None and "strict" in support.ignores:
            yield f"tools[{number}].strict"
        yield from _foreign(tool.extensions, support, f"tools[{number}].")
    for number, message in enumerate(request.messages):
        yield from _dropped_fields_of_message(message, support, f"messages[{number}]")
    if request.raw is not None and request.raw.form is not None:
        yield from unread_fields(request.raw.fields, request.raw.form)


def dropped_fields_beside_chat(request: Request, support: Support) -> Iterator[str]:
    """The same for a translated request that isn't for a chat. ``purpose`` is Gemini's ``taskType``."""
    for field, name in (("user", "user"), ("purpose", "taskType")):
        if name in support.ignores and getattr(request, field, None) is not None:
            yield name
    if not isinstance(request, CountRequest):
        yield from _foreign(request.extensions, support, "")


def _dropped_fields_of_message(message: Message, support: Support, where: str) -> Iterator[str]:
    if message.name is not None and "name" in support.ignores:
        yield f"{where}.name"
    for number, part in enumerate(message.parts):
        if isinstance(part, Image) and part.detail is not None and "detail" in support.ignores:
            yield f"{where}.content[{number}].detail"
        if part.extensions:
            yield from _foreign(part.extensions, support, f"{where}.content[{number}].")


def _foreign(extensions: Extensions, support: Support, where: str) -> Iterator[str]:
    for namespace, fields in (extensions or {}).items():
        if namespace != support.namespace:
            yield from (f"{where}{field}" for field in fields)


def _unsupported(request: ChatRequest, support: Support) -> Iterator[tuple[str, str]]:
    yield from _unsupported_parts(request, support)
    yield from _unsupported_settings(request, support)
    for name in request.sampling.__struct_fields__:
        value = getattr(request.sampling, name)
        if value is not None and value is not False and name not in support.knobs and name not in support.ignores:
            yield name, f"'{name}'"
    for namespace, fields in (request.extensions or {}).items():
        if namespace != support.namespace:
            yield from ((field, f"'{field}'") for field in fields if field not in HARMLESS)


def _unsupported_settings(request: ChatRequest, support: Support) -> Iterator[tuple[str, str]]:
    if request.tools and not support.tools:
        yield "tools", "tools"
    if request.output.kind == "json" and not support.json:
        yield "response_format", "JSON output"
    if request.output.kind == "json_schema" and not support.json_schema:
        yield "response_format", "output by a JSON schema"
    if request.reasoning and request.reasoning.enabled and not support.reasoning:
        yield "reasoning", "reasoning settings"
    if request.n > 1 and not support.choices:
        yield "n", "several choices (n > 1)"
    if request.stop and not support.stop:
        yield "stop", "stop sequences"


def _unsupported_parts(request: ChatRequest, support: Support) -> Iterator[tuple[str, str]]:
    for number, message in enumerate(request.messages):
        for part in message.parts:
            for inner in part.parts if isinstance(part, ToolResult) else (part,):
                feature = _unsupported_medium(inner, support)
                if feature:
                    yield f"messages[{number}]", feature


def _unsupported_medium(part: object, support: Support) -> str | None:
    match part:
        case Image(url=str()) if not support.image_urls:
            return "images by URL; send the image as base64"
        case Image(data=str()) if not support.image_data:
            return "images as base64; send the image's URL"
        case Audio() if not support.audio:
            return "audio"
        case File() if not support.files:
            return "files"
        case Text(extensions=dict(extensions)):
            return _unsupported_block(extensions, support)
    return None


def _unsupported_block(extensions: dict[str, dict[str, msgspec.Raw]], support: Support) -> str | None:
    """A part that the core has no type for is a Text. Its extensions hold the whole block of its own wire."""
    for namespace, fields in extensions.items():
        if namespace != support.namespace and "block" in fields:
            return f"content blocks that only the wire '{namespace}' has"
    return None
