"""The question of a request, in the same form for every wire: everything that the answer depends on."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from .refused import Refused

IMAGE_TOKENS = 100
FILE_TOKENS = 100
TOOL_TOKENS = 10


class Tool(msgspec.Struct, frozen=True):
    """``schema`` is the JSON Schema of its arguments."""

    name: str
    schema: dict[str, Any]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """``prompt`` is the text of the last user message, ``results`` the tool results after it.

    ``images``, ``recordings`` and ``documents`` describe those of the conversation. ``tool_choice`` is "auto", "none",
    "any", or the name of the one tool that has to be called. ``tokens`` are the input tokens: one for each word of all
    messages, 100 for each image, recording and document, 10 for each tool offered.

    The answer has to fit ``schema``; an empty one means JSON mode. ``logprobs`` is the number of likely tokens to list
    at each place. A question that doesn't ``generate`` (embeddings, a count of tokens) has an answer without text.
    ``prefill`` are the assistant's words at the end from which the vendor goes on, ``repeats`` if it says them again.
    ``details`` are read by its own wire only.
    """

    model: str
    stream: bool
    prompt: str
    tokens: int
    results: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    recordings: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    max_tokens: int | None = None
    stops: tuple[str, ...] = ()
    thinking: bool = False
    choices: int = 1
    include_usage: bool = True
    schema: dict[str, Any] | None = None
    logprobs: int | None = None
    generates: bool = True
    prefill: str = ""
    repeats: bool = False
    details: Any = None


class Conversation:
    """Collects the contents of messages, in their order."""

    def __init__(self) -> None:
        self.prompt = ""
        self.results: list[str] = []
        self.images: list[str] = []
        self.recordings: list[str] = []
        self.documents: list[str] = []
        self._words = 0
        self._role = ""
        self._last = ""  # the text of the last message

    @property
    def prefill(self) -> str:
        """The text of the last message, if it is the assistant's."""
        return self._last if self._role in ("assistant", "model") else ""

    def begin(self, role: str) -> None:
        """Begins the next message. A user message replaces the prompt."""
        self._role, self._last = role, ""
        if role == "user":
            self.prompt = ""
        self.results.clear()

    def text(self, text: str, *, is_prompt: bool = False) -> None:
        """``is_prompt``: the text is the user's."""
        self._words += len(text.split())
        self._last += text
        if is_prompt:
            self.prompt = f"{self.prompt}\n{text}" if self.prompt else text

    def result(self, text: str) -> None:
        self._role = "tool"
        self._words += len(text.split())
        self.results.append(text)

    def image(self, data: str) -> None:
        """An image in base64, plain or URL-safe."""
        self.images.append(_size_text(data, "An image"))

    def image_url(self, url: str) -> None:
        """An image by address, which may be a ``data:`` URL."""
        if url.startswith("data:"):
            self.image(url.partition(";base64,")[2])
        else:
            self.images.append(url)

    def recording(self, data: str) -> None:
        """A recording in base64."""
        self.recordings.append(_size_text(data, "A recording"))

    def document(self, data: str) -> None:
        """A document in base64, plain or as a ``data:`` URL."""
        self.documents.append(_size_text(data.rpartition(";base64,")[2], "A document"))

    def document_at(self, address: str) -> None:
        """A document by its address, or by the id of its upload."""
        self.documents.append(address)

    def tokens(self, tools: int) -> int:
        files = len(self.recordings) + len(self.documents)
        return self._words + IMAGE_TOKENS * len(self.images) + FILE_TOKENS * files + TOOL_TOKENS * tools


def _size_text(data: str, noun: str) -> str:
    try:
        return f"{len(base64.b64decode(base64_plain(data), validate=True))} bytes"
    except binascii.Error as error:
        raise Refused(400, f"{noun} is not valid base64: {error}") from error


def base64_plain(text: str) -> str:
    """Base64 in the standard alphabet. ``text`` may have the URL-safe one, which Google's SDK writes."""
    return text.replace("-", "+").replace("_", "/")
