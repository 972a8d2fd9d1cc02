"""``/api/show``: what a model can do (https://docs.ollama.com/api/show, ``GetModelInfo`` and ``Capabilities`` in
https://github.com/ollama/ollama/blob/v0.17.4/server/routes.go and images.go).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Raw

from turnout.core import Deployment, Description
from turnout.core.deployment import Makes, Thinking

_LEVELS: Final = ("low", "medium", "high")
_HARMONY: Final = frozenset({"gptoss", "gpt-oss"})
"""The families whose models take a level for ``think``. For all others it is an error (``shouldUseHarmony``)."""

_CONTEXT: Final = "context_length"
_NUM_CTX: Final = "num_ctx"
_OWN_CONTEXT: Final = re.compile(rf"^{_NUM_CTX}\s+(\d+)\s*$", re.MULTILINE)
"""A line of the Modelfile's parameters."""


_OPEN_END: Final = re.compile(r'\bne\s+[$\w.]*\.Role\s+"assistant"|not\s*\(.{0,40}\.Role\s+"assistant"')
"""In a template: the beginning of an answer is written only if the last message isn't the assistant's."""


class _Details(msgspec.Struct):
    family: str = ""


class _Show(msgspec.Struct):
    """A description. Versions before 0.6.4 have no ``capabilities``."""

    capabilities: list[str] | None = None
    details: Raw = Raw(b"{}")
    parameters: str = ""
    template: str = ""
    renderer: str = ""
    model_info: dict[str, Raw] = {}


_SHOW: Final = msgspec.json.Decoder(_Show)
_DETAILS: Final = msgspec.json.Decoder(_Details)
_TOKENS: Final = msgspec.json.Decoder(int)


def read_show(body: bytes, deployment: Deployment) -> Description:
    """Raises ``msgspec.DecodeError``. A model that thinks can be told not to, but for those of the Harmony families."""
    show = _SHOW.decode(body)
    harmony = _DETAILS.decode(show.details).family in _HARMONY
    able = show.capabilities
    return Description(
        context=_context(show, deployment),
        inputs=None if able is None else frozenset({"text", "image"} if "vision" in able else {"text"}),
        tools=None if able is None else "tools" in able,
        thinking=None if able is None else _thinking("thinking" in able, harmony),
        efforts=_LEVELS if harmony else (),
        makes=None if able is None else _makes(able),
        shortens=True,
        continues="message" if _continues(show, harmony) else None,
        details=show.details,
    )


def _thinking(thinks: bool, harmony: bool) -> Thinking:
    if not thinks:
        return "never"
    return "always" if harmony else "optional"


def _continues(show: _Show, harmony: bool) -> bool:
    """Whether the model's template leaves the assistant's message at the end open. Others begin a new one after it.

    A template without messages ends where the answer is put in (``Execute`` in
    https://github.com/ollama/ollama/blob/v0.17.4/template/template.go).
    """
    template = show.template
    if harmony or show.renderer:
        return False
    return bool(_OPEN_END.search(template)) if ".Messages" in template else bool(template)


def _makes(able: Iterable[str]) -> Makes | None:
    if "completion" in able:
        return "text"
    return "vectors" if "embedding" in able else None


def _context(show: _Show, deployment: Deployment) -> int | None:
    """The context that the model was trained for, or what the deployment or the Modelfile makes of it.

    Ollama loads no model with more than it was trained for.
    """
    trained = next((_tokens(raw) for name, raw in show.model_info.items() if name.endswith(f".{_CONTEXT}")), None)
    set_here, set_there = deployment.options.get(_NUM_CTX), _OWN_CONTEXT.search(show.parameters)
    loaded = _tokens(set_here) if set_here is not None else int(set_there[1]) if set_there else None
    return min((tokens for tokens in (trained, loaded) if tokens), default=None)


def _tokens(raw: Raw) -> int | None:
    try:
        return _TOKENS.decode(raw)
    except msgspec.ValidationError:
        return None
