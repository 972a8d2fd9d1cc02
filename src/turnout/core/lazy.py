"""The part of a chat request that stays JSON until somebody asks for it.

A request that is relayed needs no more than its settings. So a vendor's own messages and tools pass, and a long
conversation costs little. Who translates a request asks for the whole first (``whole``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, overload

import msgspec

from turnout.errors import InvalidRequest, Unreadable

from .messages import Extensions, Message
from .tools import HostedTool, Tool, ToolChoice

T = TypeVar("T")


class Rest(msgspec.Struct, frozen=True):
    """What was left unread. ``extensions`` are those of the whole request."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    extensions: Extensions = None
    hosted: tuple[HostedTool, ...] = ()


class Unread:
    """Reads the rest of one request at most once.

    ``read`` reads all of ``body``, and raises ``InvalidRequest`` for whatever it can't read in it. ``salvage`` finds
    texts and images in a body that can't be read. ``earlier`` are the bytes of earlier turns that ``read`` adds.
    ``may_hold_images`` is false where there surely is none.
    """

    __slots__ = ("_body", "_earlier", "_objects", "_read", "_rest", "_salvage", "_salvaged", "may_hold_images")

    def __init__(
        self,
        read: Callable[[], Rest],
        salvage: Callable[[], tuple[Message, ...]],
        body: bytes,
        *,
        earlier: int = 0,
        may_hold_images: bool = True,
    ) -> None:
        self._read = read
        self._salvage = salvage
        self._body = body
        self._earlier = earlier
        self._objects: int | None = None
        self._rest: Rest | None = None
        self._salvaged: Rest | None = None
        self.may_hold_images = may_hold_images

    @property
    def size(self) -> int:
        """Bytes of all JSON that will be read."""
        return len(self._body) + self._earlier

    @property
    def objects(self) -> int:
        """No fewer than there are JSON objects."""
        if self._objects is None:
            self._objects = self._body.count(b"{") + self._earlier
        return self._objects

    def rest(self) -> Rest:
        """Raises ``Unreadable`` with the path of the wrong field."""
        if self._rest is None:
            try:
                self._rest = self._read()
            except InvalidRequest as error:
                raise Unreadable(error.message, param=error.param) from error
        return self._rest

    def readable(self) -> Rest:
        """The rest; of a request that can't be read, the texts and images that are found."""
        if self._salvaged is None:
            try:
                return self.rest()
            except Unreadable:
                self._salvaged = Rest(self._salvage())
        return self._salvaged

    def messages(self) -> tuple[Message, ...]:
        return self.rest().messages

    def tools(self) -> tuple[Tool, ...]:
        return self.rest().tools


class UnreadList(Sequence[T]):
    """A part of a request that is read when somebody looks at it. ``read`` raises ``Unreadable``."""

    __slots__ = ("_read",)

    def __init__(self, read: Callable[[], tuple[T, ...]]) -> None:
        self._read = read

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...

    def __getitem__(self, index: int | slice) -> Any:
        return self._read()[index]

    def __len__(self) -> int:
        return len(self._read())

    def __iter__(self) -> Iterator[T]:
        return iter(self._read())

    def __eq__(self, other: object) -> bool:
        return self._read() == (other._read() if isinstance(other, UnreadList) else other)

    def __hash__(self) -> int:
        return hash(self._read())

    def __repr__(self) -> str:
        return "<unread>"
