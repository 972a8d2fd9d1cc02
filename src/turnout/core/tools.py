"""The functions that a model may call."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from .messages import Extensions

OLD_FUNCTION: Final = "functions"
"""The type of a tool in OpenAI's deprecated ``functions``: the client's messages have a place for one call."""


class OwnTool(msgspec.Struct, frozen=True):
    """What the client calls a tool that only its wire has. Other wires have it as a function.

    ``type`` is the wire's word for it (``custom``), and ``where`` its path in the request. ``definition`` is the tool
    in its wire's form, by the wire's namespace, where the wire's provider can be given it as it is.
    """

    type: str
    name: str
    where: str
    namespace: str | None = None
    definition: Extensions = None


class Tool(msgspec.Struct, frozen=True):
    """A function the model may call. ``parameters`` is its JSON Schema, as the raw JSON it came as.

    ``own`` is set for a tool that is no function to the client.
    """

    name: str
    description: str | None = None
    parameters: msgspec.Raw | None = None
    strict: bool | None = None
    extensions: Extensions = None
    own: OwnTool | None = None


class WebSearch(msgspec.Struct, frozen=True):
    """What a client asks of a search. ``location`` is the user's, in the form that OpenAI and Anthropic share."""

    allowed_domains: tuple[str, ...] = ()
    blocked_domains: tuple[str, ...] = ()
    max_uses: int | None = None
    location: msgspec.Raw | None = None


class HostedTool(msgspec.Struct, frozen=True):
    """A tool that the provider itself runs. ``search`` is set for a web search, which several wires have.

    ``definition`` is the whole tool by its wire's namespace, as ``{namespace: {"tool": …}}``. ``where`` is its path in
    the request.
    """

    where: str
    definition: dict[str, dict[str, msgspec.Raw]]
    name: str | None = None
    search: WebSearch | None = None


class ToolChoice(msgspec.Struct, frozen=True):
    """``required`` means some tool; ``tool`` means the one of that ``name``."""

    mode: Literal["auto", "none", "required", "tool"]
    name: str | None = None
