"""What a model is shown in a message of the user, because its wire has no place for it where it is."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from turnout.core import ChatRequest, Message, Part

from .fitting import Fitting
from .pictures import has_pictures, without_pictures
from .results import with_plain_results


def shown_where_seen(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    """Takes pictures out of answers, and pictures and files out of the results of tools, where the provider doesn't see
    them there. One walk does both: it adds messages, and names the client's by their numbers.
    """
    support = fitting.support
    results = not (support.result_media and support.result_errors)
    if (results and any(message.role == "tool" for message in request.messages)) or (
        not support.answer_images and any(map(has_pictures, request.messages))
    ):
        return structs.replace(request, messages=tuple(_messages(request, fitting)))
    return request


def _messages(request: ChatRequest, fitting: Fitting) -> Iterator[Message]:
    """A message of the user shows what the others lack, after the last result of a turn: nothing may stand between a
    call and its results.
    """
    shown: list[Part] = []
    for number, message in enumerate(request.messages):
        if message.role != "tool" and shown:
            yield Message("user", tuple(shown))
            shown = []
        yield _changed(message, number, fitting, shown)
    if shown:
        yield Message("user", tuple(shown))


def _changed(message: Message, number: int, fitting: Fitting, shown: list[Part]) -> Message:
    """The message without what it has no place for, which is added to ``shown``."""
    if message.role == "tool":
        return with_plain_results(fitting, number, message, shown)
    return message if fitting.support.answer_images else without_pictures(fitting, number, message, shown)
