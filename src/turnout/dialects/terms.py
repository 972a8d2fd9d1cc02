"""How each dialect names what the core knows by the names of OpenAI's chat.

``x-turnout-dropped``, the record and refusals name a field as the client said it. A name that isn't in a dialect's
table is the same there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from turnout.core import ChatRequest, CountRequest, Request, WireBody, readable

from . import places
from .places import Found, Place, Places, ToolPaths

_IN_LIST: Final = re.compile(r"(messages|tools)\[(\d+)\](?:\.content\[(\d+)\])?(.*)", re.DOTALL)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """``names`` of settings. The first one counts that the client said; the last one, if it said none of them.
    ``tools`` are the paths of the functions.
    """

    names: Mapping[str, tuple[str, ...]]
    messages: Places
    tools: ToolPaths


def _inside(group: str, names: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {name: (f"{group}.{own}",) for name, own in names.items()}


def _no_tools(raw: WireBody) -> Iterator[str]:
    return iter(())


_OLLAMA_NAMES: Final = _inside(
    "options",
    {
        "temperature": "temperature",
        "top_p": "top_p",
        "top_k": "top_k",
        "seed": "seed",
        "presence_penalty": "presence_penalty",
        "frequency_penalty": "frequency_penalty",
        "max_tokens": "num_predict",
        "stop": "stop",
    },
) | {
    "reasoning_effort": ("think",),
    "response_format": ("format",),
}
"""https://docs.ollama.com/api/chat"""

_ANTHROPIC: Final = Terms(
    names={
        "parallel_tool_calls": ("tool_choice.disable_parallel_tool_use",),
        "reasoning.budget": ("thinking.budget_tokens",),
        "reasoning_effort": ("output_config.effort", "thinking"),
        "response_format": ("output_config.format",),
        "stop": ("stop_sequences",),
        "user": ("metadata.user_id",),
    },
    messages=places.anthropic_messages,
    tools=places.anthropic_tools,
)
"""https://platform.claude.com/docs/en/api/messages/create"""

_GEMINI: Final = Terms(
    names=_inside(
        "generationConfig",
        {
            "temperature": "temperature",
            "top_p": "topP",
            "top_k": "topK",
            "seed": "seed",
            "presence_penalty": "presencePenalty",
            "frequency_penalty": "frequencyPenalty",
            "max_tokens": "maxOutputTokens",
            "stop": "stopSequences",
            "n": "candidateCount",
            "logprobs": "responseLogprobs",
            "top_logprobs": "logprobs",
            "reasoning_effort": "thinkingConfig",
            "reasoning.budget": "thinkingConfig.thinkingBudget",
        },
    )
    | {
        "response_format": (
            "generationConfig.responseJsonSchema",
            "generationConfig.responseSchema",
            "generationConfig.responseMimeType",
        ),
        "tool_choice": ("toolConfig.functionCallingConfig",),
    },
    messages=places.gemini_contents,
    tools=places.gemini_functions,
)
"""https://ai.google.dev/api/generate-content"""

_RESPONSES: Final = Terms(
    names={
        "logprobs": ("include",),
        "max_tokens": ("max_output_tokens",),
        "reasoning_effort": ("reasoning.effort",),
        "response_format": ("text.format",),
        "response_format.strict": ("text.format.strict",),
        "verbosity": ("text.verbosity",),
    },
    messages=places.response_items,
    tools=places.functions,
)
"""https://platform.openai.com/docs/api-reference/responses/create"""

TERMS: Final[Mapping[str, Terms]] = {
    "openai-chat": Terms(
        names={
            "max_tokens": ("max_completion_tokens", "max_tokens"),
            "response_format.strict": ("response_format.json_schema.strict",),
        },
        messages=places.messages,
        tools=places.functions,
    ),
    "openai-compact": _RESPONSES,
    "openai-responses": _RESPONSES,
    "openai-completions": Terms(names={}, messages=places.prompt, tools=_no_tools),
    "anthropic-messages": _ANTHROPIC,
    "anthropic-count": _ANTHROPIC,
    "gemini": _GEMINI,
    "ollama": Terms(names=_OLLAMA_NAMES, messages=places.messages, tools=places.functions),
    "ollama-generate": Terms(names=_OLLAMA_NAMES, messages=places.prompt, tools=_no_tools),
    # https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
    "llamacpp-completion": Terms(
        names={"max_tokens": ("n_predict",), "logprobs": ("n_probs",)}, messages=places.prompt, tools=_no_tools
    ),
}
"""By the wire of the client."""


def name_for_client(request: Request, path: str, *, own: bool = False) -> str:
    """The client's own name of a field that the core calls ``path``, such as ``messages[2].content[0].detail``.

    ``own``: its numbers are already those of the client's body.
    """
    raw: WireBody | None = getattr(request, "raw", None)
    terms = None if raw is None else TERMS.get(raw.wire)
    if raw is None or terms is None:
        return path
    found = None if own else _IN_LIST.fullmatch(path)
    if found is None:
        return _setting(terms.names.get(path, (path,)), raw)
    kind, number, part, rest = found[1], int(found[2]), found[3], found[4]
    if kind == "tools":
        tool = _tool_path(request, raw, terms, number)
        return path if tool is None else f"{tool}{rest}"
    place = _nth(terms.messages(raw), number)
    if place is None:
        return path
    return f"{_path_of(place, part)}{rest}"


def _tool_path(request: Request, raw: WireBody, terms: Terms, number: int) -> str | None:
    """A tool that is no function to the client knows its path itself. The others are counted."""
    chat = request.chat if isinstance(request, CountRequest) else request
    tools = readable(chat).tools[: number + 1] if isinstance(chat, ChatRequest) else ()
    if len(tools) <= number:
        return None
    own = tools[number].own
    return own.where if own else _nth(terms.tools(raw), sum(tool.own is None for tool in tools[:number]))


def _path_of(place: Place, part: str | None) -> str:
    return place.path if part is None else place.of_part(int(part))


def _nth(values: Iterator[Found], number: int) -> Found | None:
    return next((value for at, value in enumerate(values) if at == number), None)


def _setting(names: tuple[str, ...], raw: WireBody) -> str:
    return next((name for name in names[:-1] if _is_said(name, raw)), names[-1])


def _is_said(name: str, raw: WireBody) -> bool:
    group, _, field = name.partition(".")
    value = raw.fields.get(group)
    return value is not None and (not field or f'"{field}"'.encode() in bytes(value))
