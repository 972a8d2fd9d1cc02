"""The tools of a request, as functions.

- ``namespace`` groups functions and custom tools. Each becomes a function ``NAMESPACE__NAME``.
- ``custom`` is a function with one text (``custom_tools.py``); other tools that the client runs have forms of their own
  (``own_tools.py``).
- Tools may also come with the input: in ``additional_tools``, and in what a ``tool_search`` of the client has found.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from msgspec import structs

from turnout.core import HostedTool, OwnTool, Tool, ToolChoice, WebSearch
from turnout.dialects.openai import custom_tools
from turnout.dialects.parsing import raw_or_none
from turnout.errors import InvalidRequest

from . import responses_bodies as wire
from .own_tools import FORMS

CUSTOM: Final = "custom"
FUNCTION: Final = "function"
_DEFAULT_NAMESPACE: Final = "functions"
"""Means the same as no namespace (``is_default_namespace`` in codex-rs/protocol/src/tool_name.rs of openai/codex)."""
_SEARCHES: Final = frozenset(
    {"web_search", "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11"}
)
"""https://platform.openai.com/docs/guides/tools-web-search"""
_LONGEST_NAME: Final = 64  # characters of a function's name, on every wire
_HASH_LENGTH: Final = 8


class ToolSet:
    """``unknown`` are the types of tools that no other wire has, by their paths."""

    def __init__(self) -> None:
        self.unknown: dict[str, str] = {}
        self._searches: list[HostedTool] = []  # of the web
        self._functions: dict[str, Tool] = {}

    def add(self, tools: Sequence[wire.Tool], where: str) -> list[str]:
        """Returns the functions' names. Raises ``InvalidRequest`` for a tool without a name.

        A tool that comes twice is the later one.
        """
        names: list[str] = []
        for number, tool in enumerate(tools):
            name = tool.name
            if tool.type == FUNCTION and name and name not in self._functions:  # most are; a short way costs half
                self._functions[name] = Tool(name, tool.description, raw_or_none(tool.parameters), tool.strict)
                names.append(name)
                continue
            path = f"{where}[{number}]"
            names += self._add_group(tool, path) if tool.type == "namespace" else self._add(tool, path, None)
        return names

    def all(self) -> tuple[Tool, ...]:
        return tuple(self._functions.values())

    def searches(self, choice: object) -> tuple[HostedTool, ...]:
        """The searches of the web that the choice allows."""
        if isinstance(choice, wire.Choice) and choice.type == "allowed_tools":
            return tuple(self._searches) if any(tool.type in _SEARCHES for tool in choice.tools) else ()
        return tuple(self._searches)

    def chosen(self, choice: wire.Choice) -> tuple[tuple[Tool, ...], ToolChoice] | None:
        """The tools that may be called, and the choice among them. None for a choice that no other wire has."""
        if choice.type == "allowed_tools":
            allowed = {tool.name for one in choice.tools for tool in self._meant(one)}
            mode = ToolChoice("required" if choice.mode == "required" else "auto")
            return tuple([tool for tool in self.all() if tool.name in allowed]), mode
        if choice.type not in (FUNCTION, CUSTOM, *FORMS):
            return None
        meant = self._meant(choice)
        name = meant[0].name if meant else function_name(choice.name or choice.type, choice.namespace)
        return self.all(), ToolChoice("tool", name)

    def _meant(self, choice: wire.Choice) -> list[Tool]:
        """The tools that a choice names. It may leave out the namespace."""
        if choice.type == "namespace":
            return [tool for tool in self.all() if tool.own and tool.own.namespace == choice.name]
        if choice.type in FORMS:
            return [tool for tool in self.all() if tool.own and tool.own.type == choice.type]
        exact = self._functions.get(function_name(choice.name or "", choice.namespace))
        if exact is not None or choice.namespace is not None:
            return [exact] if exact else []
        return [tool for tool in self.all() if tool.own and tool.own.name == choice.name]

    def _add_group(self, group: wire.Tool, path: str) -> list[str]:
        """The group's own description is told with its first tool."""
        namespace = None if group.name == _DEFAULT_NAMESPACE else _named(group, path)
        about = f"Tools {namespace}__*: {group.description}" if namespace and group.description else None
        names: list[str] = []
        for number, tool in enumerate(group.tools):
            texts = [text for text in (tool.description, about) if text]
            described = structs.replace(tool, description="\n\n".join(texts) or None)
            names += self._add(described, f"{path}.tools[{number}]", namespace)
            about = None
        return names

    def _add(self, tool: wire.Tool, path: str, namespace: str | None) -> list[str]:
        """Returns the function's name, or nothing for a tool that no other wire has."""
        kind, parameters = tool.type, raw_or_none(tool.parameters)
        form = None if _runs_at_openai(tool) else FORMS.get(kind)
        if form is not None:
            function = Tool(kind, tool.description or form.description, parameters or form.parameters)
        elif kind == CUSTOM:
            description = custom_tools.described(tool.description, _grammar(tool))
            function = Tool(_named(tool, path), description, custom_tools.PARAMETERS)
        elif kind == FUNCTION:
            function = Tool(_named(tool, path), tool.description, parameters, tool.strict)
        elif kind in _SEARCHES:
            self._searches.append(HostedTool(f"{path}.type", {}, search=_search(tool)))
            return []
        else:
            self.unknown[f"{path}.type"] = kind
            return []
        return [self._put(function, OwnTool(kind, function.name, path, namespace))]

    def _put(self, tool: Tool, own: OwnTool) -> str:
        name = function_name(own.name, own.namespace)
        taken = self._functions.get(name)
        if taken is not None and _identity(taken) != (own.type, own.name, own.namespace):
            name = _shortened(f"{own.type}.{own.namespace}.{own.name}")
        is_plain = own.type == FUNCTION and name == own.name
        self._functions[name] = structs.replace(tool, name=name, own=None if is_plain else own)
        return name


def _identity(tool: Tool) -> tuple[str, str, str | None]:
    own = tool.own
    return (FUNCTION, tool.name, None) if own is None else (own.type, own.name, own.namespace)


def _runs_at_openai(tool: wire.Tool) -> bool:
    """A search without a word of the client is OpenAI's, and a shell in a container
    (https://platform.openai.com/docs/guides/tools-shell).
    """
    if tool.type == "tool_search":
        return tool.execution != "client"
    return tool.environment is not None and tool.environment.type != "local"


def _named(tool: wire.Tool, path: str) -> str:
    if not tool.name:
        raise InvalidRequest(f"Missing '{path}.name'.", param=f"{path}.name")
    return tool.name


def _search(tool: wire.Tool) -> WebSearch:
    filters = tool.filters or wire.Filters()
    return WebSearch(
        allowed_domains=tuple(filters.allowed_domains or ()),
        blocked_domains=tuple(filters.blocked_domains or ()),
        location=raw_or_none(tool.user_location),
    )


def _grammar(tool: wire.Tool) -> custom_tools.Grammar | None:
    if tool.format is None or tool.format.type != "grammar":
        return None
    return custom_tools.Grammar(tool.format.syntax, tool.format.definition)


def function_name(name: str, namespace: str | None) -> str:
    """A name that is too long ends in a hash of the whole, so that two of them stay different."""
    whole = name if namespace in (None, "", _DEFAULT_NAMESPACE) else f"{namespace}__{name}"
    return whole if namespace is None or len(whole) <= _LONGEST_NAME else _shortened(whole)


def _shortened(whole: str) -> str:
    digest = sha256(whole.encode()).hexdigest()[:_HASH_LENGTH]
    head = "".join([letter if letter.isalnum() else "_" for letter in whole[: _LONGEST_NAME - _HASH_LENGTH - 1]])
    return f"{head}_{digest}"
