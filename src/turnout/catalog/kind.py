"""The type, capabilities and limits of a whole model. They hold for each of its deployments.

An upstream model's type is what its engine says. Otherwise it follows from the facts, or from words in its name where
the facts don't know the model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from turnout.core import Deployment, Model
from turnout.facts import facts_of
from turnout.providers import Provider, in_process

from .api_models import ModelType


class Capability(StrEnum):
    """The capabilities that Turnout names itself. A model made through the API may have others."""

    TEXT_GENERATION = "text-generation"
    EMBEDDINGS = "embeddings"
    IMAGE_GENERATION = "image-generation"
    AUDIO = "audio"
    VISION = "vision"
    AUDIO_INPUT = "audio-input"
    VIDEO_INPUT = "video-input"
    DOCUMENTS = "documents"


_TYPE_BY_NAME: Final[tuple[tuple[re.Pattern[str], ModelType], ...]] = (
    (re.compile(r"embed|(^|[-/])(bge|gte|e5)-|minilm"), "embedding"),
    (re.compile(r"dall-e|gpt-image|chatgpt-image|imagen"), "image"),
    (re.compile(r"whisper|transcribe|(^|-)tts(-|$)"), "audio"),
    (re.compile(r"gpt-3\.5-turbo-instruct|davinci-00|babbage-00"), "completion"),
)
"""The type of a model that the facts don't know. A name that no pattern matches means a chat model."""

_CAPABILITY_OF_TYPE: Final[dict[ModelType, Capability]] = {
    "chat": Capability.TEXT_GENERATION,
    "completion": Capability.TEXT_GENERATION,
    "embedding": Capability.EMBEDDINGS,
    "image": Capability.IMAGE_GENERATION,
    "audio": Capability.AUDIO,
}

_CAPABILITY_OF_INPUT: Final = {
    "image": Capability.VISION,
    "audio": Capability.AUDIO_INPUT,
    "video": Capability.VIDEO_INPUT,
    "file": Capability.DOCUMENTS,
}

_CAPABILITY_OF_OUTPUT: Final = {"image": Capability.IMAGE_GENERATION, "audio": Capability.AUDIO}


def representative_of(model: Model) -> Deployment:
    """The deployment that stands for the model where a list has room for one: the first one in the file.

    The policy decides which deployment a request goes to: ``turnout.routing.planner.plan`` says it.
    """
    return model.deployments[0]


def type_of(model: Model) -> ModelType:
    """The type that all deployments have. Deployments of different types make a chat model."""
    types = {_type_of(deployment) for deployment in model.deployments}
    return types.pop() if len(types) == 1 else "chat"


def capabilities_of(type_: ModelType, model: Model) -> tuple[str, ...]:
    """The capabilities that every deployment of a model of that type has."""
    first, *others = [_capabilities_of(type_, deployment) for deployment in model.deployments]
    return tuple(capability for capability in first if all(capability in other for other in others))


def context_of(model: Model) -> int | None:
    """The smallest context of the deployments, in tokens. None where no context is known."""
    contexts = [deployment.traits.context for deployment in model.deployments]
    return min((context for context in contexts if context is not None), default=None)


def max_output_of(model: Model) -> int | None:
    """The smallest output limit of the deployments, in tokens. None where no limit is known."""
    limits = [deployment.traits.max_output for deployment in model.deployments]
    return min((limit for limit in limits if limit is not None), default=None)


def is_built_in(model: Model, providers: Mapping[str, Provider]) -> bool:
    """Whether all deployments run inside this process."""
    return all(in_process(providers[deployment.provider]) for deployment in model.deployments)


def _type_of(deployment: Deployment) -> ModelType:
    if deployment.traits.makes is not None:
        return "chat" if deployment.traits.makes == "text" else "embedding"
    facts = facts_of(deployment.provider, deployment.model)
    if "embedding" in facts.outputs:
        return "embedding"
    if "text" not in facts.outputs:
        return "image" if "image" in facts.outputs else "audio"
    if facts.inputs == frozenset({"audio"}):
        return "audio"
    name = deployment.model.lower()
    return next((type_ for pattern, type_ in _TYPE_BY_NAME if pattern.search(name)), "chat")


def _capabilities_of(type_: ModelType, deployment: Deployment) -> tuple[str, ...]:
    """The capability of the type. A chat model also has one for each known modality of its input and output."""
    if type_ != "chat":
        return (_CAPABILITY_OF_TYPE[type_],)
    inputs = deployment.traits.inputs or frozenset()
    outputs = facts_of(deployment.provider, deployment.model).outputs
    of_input = [capability for modality, capability in _CAPABILITY_OF_INPUT.items() if modality in inputs]
    of_output = [capability for modality, capability in _CAPABILITY_OF_OUTPUT.items() if modality in outputs]
    return (_CAPABILITY_OF_TYPE[type_], *of_input, *of_output)
