"""Pictures that a model has made."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw, structs

from turnout.core import ChatRequest, Image, Message, Part, Text

from .fitting import Fitting

_MODALITIES: Final = "modalities"
_GEMINIS_MODALITIES: Final = "generationConfig.responseModalities"
_DRAWN: Final = {"text": "TEXT", "image": "IMAGE"}
_NAMES = msgspec.json.Decoder(list[str])


def pictures_asked_for(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    """``modalities`` of OpenAI's wire, by which clients ask for pictures
    (https://openrouter.ai/docs/features/multimodal/image-generation), in Gemini's words
    (https://ai.google.dev/gemini-api/docs/image-generation). Sound needs more than a word: a voice.
    """
    fields = (request.extensions or {}).get("openai", {})
    if fitting.support.namespace != "gemini" or _MODALITIES not in fields:
        return request
    try:
        words = [_DRAWN[name] for name in _NAMES.decode(fields[_MODALITIES])]
    except (msgspec.ValidationError, KeyError):
        return request
    if "IMAGE" not in words:
        return request
    fitting.said_otherwise(_MODALITIES, f"responseModalities: {' '.join(words)}")
    others = {name: value for name, value in fields.items() if name != _MODALITIES}
    own = {_GEMINIS_MODALITIES: Raw(msgspec.json.encode(words))}
    return structs.replace(request, extensions={**(request.extensions or {}), "openai": others, "gemini": own})


def has_pictures(message: Message) -> bool:
    """Whether it is an answer with pictures."""
    return message.role == "assistant" and any(isinstance(part, Image) for part in message.parts)


def without_pictures(fitting: Fitting, number: int, message: Message, shown: list[Part]) -> Message:
    """Adds the pictures of an answer to ``shown``: most wires have pictures only in what a user says. The number is the
    message's.
    """
    if not has_pictures(message):
        return message
    fitting.said_otherwise(f"messages[{number}].content", "its pictures in a user's message")
    shown += [Text("Your last answer showed this:"), *(part for part in message.parts if isinstance(part, Image))]
    others = tuple([part for part in message.parts if not isinstance(part, Image)])
    return structs.replace(message, parts=others or (Text("The next message shows my answer."),))
