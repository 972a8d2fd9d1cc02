"""What kind of model an upstream model is: by the facts, else by words in its name."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from turnout.core import Deployment
from turnout.facts import facts_of

from .api_models import ModelType


class Capability(StrEnum):
    """What is said of models nobody described. Whoever makes one through the API may use other words, too."""

    TEXT_GENERATION = "text-generation"
    EMBEDDINGS = "embeddings"
    IMAGE_GENERATION = "image-generation"
    AUDIO = "audio"
    VISION = "vision"
    AUDIO_INPUT = "audio-input"
    VIDEO_INPUT = "video-input"
    DOCUMENTS = "documents"


_NAMES: Final[tuple[tuple[re.Pattern[str], ModelType], ...]] = (
    (re.compile(r"embed|(^|[-/])(bge|gte|e5)-|minilm"), "embedding"),
    (re.compile(r"dall-e|gpt-image|chatgpt-image|imagen"), "image"),
    (re.compile(r"whisper|transcribe|(^|-)tts(-|$)"), "audio"),
    (re.compile(r"gpt-3\.5-turbo-instruct|davinci-00|babbage-00"), "completion"),
)
"""For models that no facts tell apart; what is none of these is taken for a chat model."""

_OF_TYPE: Final[dict[ModelType, Capability]] = {
    "chat": Capability.TEXT_GENERATION,
    "completion": Capability.TEXT_GENERATION,
    "embedding": Capability.EMBEDDINGS,
    "image": Capability.IMAGE_GENERATION,
    "audio": Capability.AUDIO,
}

_OF_INPUT: Final = {
    "image": Capability.VISION,
    "audio": Capability.AUDIO_INPUT,
    "video": Capability.VIDEO_INPUT,
    "file": Capability.DOCUMENTS,
}

_OF_OUTPUT: Final = {"image": Capability.IMAGE_GENERATION, "audio": Capability.AUDIO}


def type_of(deployment: Deployment) -> ModelType:
    known = facts_of(deployment.provider, deployment.model)
    if "embedding" in known.outputs:
        return "embedding"
    if "text" not in known.outputs:
        return "image" if "image" in known.outputs else "audio"
    if known.inputs == frozenset({"audio"}):
        return "audio"
    name = deployment.model.lower()
    return next((type_ for pattern, type_ in _NAMES if pattern.search(name)), "chat")


def capabilities_of(type_: ModelType, deployment: Deployment) -> tuple[str, ...]:
    """What its type says; and of a chat model, the modalities that it is known to take and give."""
    if type_ != "chat":
        return (_OF_TYPE[type_],)
    taken = deployment.traits.inputs or frozenset()
    given = facts_of(deployment.provider, deployment.model).outputs
    inputs = [word for modality, word in _OF_INPUT.items() if modality in taken]
    outputs = [word for modality, word in _OF_OUTPUT.items() if modality in given]
    return (_OF_TYPE[type_], *inputs, *outputs)


def context_of(deployment: Deployment) -> int | None:
    """Tokens; None where nothing is known."""
    return deployment.traits.context
