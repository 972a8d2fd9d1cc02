"""Google's own tools beside functions: a search, code, maps, ….

Gemini before 3 refuses the two together, "Tool use with function calling is unsupported by the model"
(https://github.com/googleapis/go-genai/issues/323; later models: https://ai.google.dev/gemini-api/docs/tool-combination).
A client that wrote its request for a later model gets its functions there, as it would of a model without such tools.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Raw, structs

from turnout.core import NO_CHANGES, Change, ChatRequest

from .decode import NAMESPACE
from .thinking import is_before_3

_TOOLS: Final = msgspec.json.Decoder(list[dict[str, Raw]] | dict[str, Raw])
_FUNCTIONS: Final = frozenset({"functionDeclarations", "function_declarations"})
_NOTHING: Final = frozenset({b"null", b"[]"})
_PREFIX: Final = "tools."


def relayed_tools(tools: Raw, model: str) -> tuple[Raw, tuple[Change, ...]]:
    """The client's own ``tools`` for ``model``. What has another form than the wire's is left to Google."""
    if not is_before_3(model):
        return tools, NO_CHANGES
    try:
        read = _TOOLS.decode(tools)
    except msgspec.ValidationError:
        return tools, NO_CHANGES
    objects = read if isinstance(read, list) else [read]
    own = tuple(_own(objects))
    if not own or not any(_has_functions(tool) for tool in objects):
        return tools, NO_CHANGES
    kept = [{name: value for name, value in tool.items() if name in _FUNCTIONS} for tool in objects]
    return Raw(msgspec.json.encode(list(filter(None, kept)))), own


def _own(tools: list[dict[str, Raw]]) -> Iterator[Change]:
    for number, tool in enumerate(tools):
        for name, value in tool.items():
            if name not in _FUNCTIONS and bytes(value) != b"null":
                yield Change(f"tools[{number}].{name}", own=True)


def _has_functions(tool: dict[str, Raw]) -> bool:
    return any(bytes(value) not in _NOTHING for name, value in tool.items() if name in _FUNCTIONS)


def fitted_tools(request: ChatRequest, model: str) -> tuple[ChatRequest, tuple[Change, ...]]:
    """A request to translate, for ``model``. The core has these tools in ``hosted`` and in Gemini's extensions."""
    more = (request.extensions or {}).get(NAMESPACE, {})
    own = [*[tool.where for tool in request.hosted], *[name for name in more if name.startswith(_PREFIX)]]
    if not request.tools or not own or not is_before_3(model):
        return request, NO_CHANGES
    kept = {name: value for name, value in more.items() if not name.startswith(_PREFIX)}
    extensions = {**(request.extensions or {}), NAMESPACE: kept}
    return structs.replace(request, hosted=(), extensions=extensions), tuple(map(Change, own))
