"""The subjects of questions to the control process, and the handlers that answer them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

import msgspec

from turnout.errors import InvalidRequest, NotFound, RequestError, TurnoutError

Question = TypeVar("Question")
Answer = TypeVar("Answer")

Handler: TypeAlias = Callable[[Question], Coroutine[Any, Any, Answer]]
"""Answers one question. It is cancelled when the asker waits no more. It must not block, because all other questions
and the requests to the control process itself would wait for it.
"""

_encode = msgspec.msgpack.Encoder().encode


class Subject(Generic[Question, Answer]):
    """One kind of question, with the types of the question and of its answer. msgspec must be able to encode them."""

    def __init__(self, name: str, question: type[Question], answer: type[Answer]) -> None:
        self.name = name
        self._questions = msgspec.msgpack.Decoder(question)
        self._answers = msgspec.msgpack.Decoder(answer)

    def write(self, question: Question) -> bytes:
        return _encode(question)

    def read(self, answer: bytes) -> Answer:
        return self._answers.decode(answer)

    async def answer(self, handler: Handler[Question, Answer], question: bytes) -> bytes:
        """The encoded answer of ``handler``. Raises ``InvalidRequest`` for a question that isn't of this subject."""
        try:
            decoded = self._questions.decode(question)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidRequest(f"This is no question about '{self.name}': {error}.") from error
        return _encode(await handler(decoded))


class _Entry(NamedTuple):
    subject: Subject[Any, Any]
    handler: Handler[Any, Any]


class Handlers:
    """The handlers of a control process, by their subjects."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def add(self, subject: Subject[Question, Answer], handler: Handler[Question, Answer]) -> None:
        """Raises ``ValueError`` if the subject has a handler already."""
        if subject.name in self._entries:
            raise ValueError(f"two handlers for the subject '{subject.name}'")
        self._entries[subject.name] = _Entry(subject, handler)

    async def answer(self, subject: Subject[Question, Answer], question: Question) -> Answer:
        """The answer to a question of this process. Raises ``NotFound`` for a subject without a handler."""
        answer: Answer = await self._entry(subject.name).handler(question)
        return answer

    async def answer_encoded(self, subject: str, question: bytes) -> bytes:
        """The answer to a question of another process. Raises the errors of ``answer``, and ``InvalidRequest``."""
        entry = self._entry(subject)
        return await entry.subject.answer(entry.handler, question)

    def _entry(self, subject: str) -> _Entry:
        entry = self._entries.get(subject)
        if entry is None:
            raise NotFound(f"The control process answers nothing about '{subject}'.")
        return entry


def param_of(error: TurnoutError) -> str | None:
    """The field at fault, where a handler named one."""
    return error.param if isinstance(error, RequestError) else None
