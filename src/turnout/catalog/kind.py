"""What kind of model an upstream model is, as far as that is known."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from turnout.core import Deployment

from .made import ModelType


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


_TYPES: Final[tuple[tuple[re.Pattern[str], ModelType], ...]] = (
    (re.compile(r"embed|(^|[-/])(bge|gte|e5)-|minilm"), "embedding"),
    (re.compile(r"dall-e|gpt-image|chatgpt-image|imagen|-image(-|$)"), "image"),
    (re.compile(r"whisper|transcribe|(^|-)tts(-|$)"), "audio"),
    (re.compile(r"gpt-3\.5-turbo-instruct|davinci-00|babbage-00"), "completion"),
)
"""By words in the upstream model's name; anything else is taken for a chat model."""

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


def type_of(deployment: Deployment) -> ModelType:
    name = deployment.model.lower()
    return next((type_ for pattern, type_ in _TYPES if pattern.search(name)), "chat")


def capabilities_of(type_: ModelType, deployment: Deployment) -> tuple[str, ...]:
    """What its type says, and the modalities that it is known to take."""
    taken = deployment.traits.inputs or frozenset()
    inputs = [word for modality, word in _OF_INPUT.items() if modality in taken] if type_ == "chat" else []
    return (_OF_TYPE[type_], *inputs)


def context_of(deployment: Deployment) -> int | None:
    """Tokens; None where nothing is known."""
    return deployment.traits.context
