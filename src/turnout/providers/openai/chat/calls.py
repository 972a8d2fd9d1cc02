"""Finds the tool call that a piece belongs to. All calls stay open to the end, as pieces may interleave."""

from __future__ import annotations

from turnout.providers.tool_calls import is_whole

from .chat_wire import ToolCallPiece


class Call:
    """An open call. ``index`` is its part's."""

    __slots__ = ("_pieces", "id", "index", "name")

    def __init__(self, index: int, call_id: str, name: str, arguments: str) -> None:
        self.index = index
        self.id = call_id
        self.name = name
        self._pieces = [arguments] if arguments else []

    def add(self, arguments: str) -> None:
        self._pieces.append(arguments)

    def goes_on(self, call_id: str | None, arguments: str) -> bool:
        """Whether a piece that names the same function belongs to this call, and is no call of its own.

        Some servers repeat the name in every piece, and some the whole call at its end.
        """
        if call_id == self.id or not call_id:
            return not arguments or not self.is_whole or (call_id == self.id and self.has(arguments))
        return bool(self._pieces) and not self.is_whole  # old versions of vLLM made a new id for every piece

    def has(self, arguments: str) -> bool:
        """Whether these are its whole arguments."""
        return self._text == arguments and self.is_whole

    @property
    def is_whole(self) -> bool:
        return is_whole(self._text)

    @property
    def _text(self) -> str:
        return "".join(self._pieces)


class Calls:
    """OpenAI numbers the calls, and gives each an id and a name in its first piece. Other servers differ:

    - Without a number, a piece without a name continues the last call (https://github.com/ollama/ollama/issues/7881).
    - All calls have the same number (Gemini), or the same number and the same id: each has its own name, or comes when
      the arguments of the one before are whole.
    - One call has several numbers, and one id (https://github.com/mudler/LocalAI/issues/9722).
    """

    def __init__(self) -> None:
        self.all: list[Call] = []
        self._by_number: dict[int, Call] = {}
        self._by_id: dict[str, Call] = {}

    def find(self, piece: ToolCallPiece, arguments: str) -> Call | None:
        """The call that ``piece`` continues; None when it begins a new one."""
        call = self._by_id.get(piece.id) if piece.id else None
        if call is None and piece.index is not None:
            call = self._by_number.get(piece.index)
        elif call is None and self.all:
            call = self.all[-1]
        name = piece.function.name if piece.function else None
        if call is None or not name:
            return call
        return call if name == call.name and call.goes_on(piece.id, arguments) else None

    def is_taken(self, call_id: str) -> bool:
        return call_id in self._by_id

    def add(self, piece: ToolCallPiece, call: Call) -> None:
        self.all.append(call)
        self._by_id[call.id] = call
        if piece.index is not None:
            self._by_number[piece.index] = call
