"""Engines on this wire that say what their models take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

import msgspec

from turnout.core import NOTHING_SAID, Deployment, Description, WireRequest
from turnout.providers import Profile

from .access import Access, Address, root_address, v1_address
from .provider import OPENAI_KNOBS, OpenAIWire, OperationFactory

_TEXT: Final = frozenset({"text"})


class Engine(msgspec.Struct, frozen=True):
    """Where the description of a deployment's model is, and how it is read."""

    path: Callable[[Deployment], str]
    read: Callable[[bytes, Deployment], Description]
    address: Address = v1_address


class EngineWire(OpenAIWire):
    """A server that runs models itself. It takes ``top_k``, too, and no parts of the type ``file``:
    https://github.com/vllm-project/vllm/blob/main/vllm/entrypoints/chat_utils.py,
    https://github.com/ggml-org/llama.cpp/blob/master/tools/server/server-common.cpp
    """

    def __init__(
        self,
        name: str,
        profile: Profile,
        engine: Engine,
        *,
        video: bool = False,
        operations: tuple[OperationFactory, ...],
    ) -> None:
        knobs = OPENAI_KNOBS | {"top_k"}
        super().__init__(name, profile, knobs=knobs, video=video, files=False, operations=operations)
        self._engine = engine
        self._describing = Access(name, engine.address)

    def describe(self, deployment: Deployment) -> WireRequest:
        return self._describing.get_request(deployment, self._engine.path(deployment))

    def read_description(self, body: bytes, deployment: Deployment) -> Description:
        return self._engine.read(body, deployment)


# --- vLLM ------------------------------------------------------------------------------------------------


class _Card(msgspec.Struct):
    id: str
    max_model_len: int | None = None


class _Cards(msgspec.Struct):
    data: list[_Card]


_CARDS: Final = msgspec.json.Decoder(_Cards)


def _read_card(body: bytes, deployment: Deployment) -> Description:
    cards = (card for card in _CARDS.decode(body).data if card.id == deployment.model)
    card = next(cards, None)
    return NOTHING_SAID if card is None else Description(context=card.max_model_len)


VLLM: Final = Engine(lambda _: "models", _read_card)
"""``ModelCard`` in https://github.com/vllm-project/vllm/blob/main/vllm/entrypoints/openai/protocol.py"""

# --- llama.cpp -------------------------------------------------------------------------------------------


class _Generation(msgspec.Struct, frozen=True):
    n_ctx: int | None = None


class _Props(msgspec.Struct):
    """``n_ctx`` is the context of one slot, the most that a request gets. A router has none of its own.

    With any ``chat_template`` it goes on with the assistant's message at the end, since April 2025. Since May 2026 its
    streams repeat this message, unless ``continue_final_message`` is said; older ones ignore the word:
    https://github.com/ggml-org/llama.cpp/pull/13174 and /23089.
    """

    default_generation_settings: _Generation = _Generation()
    modalities: dict[str, bool] | None = None
    chat_template: str = ""


_PROPS: Final = msgspec.json.Decoder(_Props)


def _read_props(body: bytes, deployment: Deployment) -> Description:
    props = _PROPS.decode(body)
    media = props.modalities
    inputs = None if media is None else _TEXT | {name for name, medium in _MEDIA.items() if media.get(medium)}
    return Description(
        context=props.default_generation_settings.n_ctx or None,
        inputs=inputs,
        continues="continue_final_message" if props.chat_template else None,
    )


_MEDIA: Final = {"image": "vision", "audio": "audio", "video": "video"}


def _props(deployment: Deployment) -> str:
    """A router has the props of each model, and loads a model that it is asked for unless it is told not to."""
    return f"props?model={quote(deployment.model, safe='')}&autoload=false"


LLAMA_CPP: Final = Engine(_props, _read_props, root_address)
"""https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md (``GET /props``, "Routing requests")"""
