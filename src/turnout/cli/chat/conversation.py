"""The messages of a conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

ChatMessage = Mapping[str, str]


class Conversation:
    """Messages in OpenAI's format."""

    def __init__(self, system: str | None = None) -> None:
        self._messages: list[ChatMessage] = [{"role": "system", "content": system}] if system else []

    def with_question(self, question: str) -> Sequence[ChatMessage]:
        """The messages with one more question. ``keep`` adds it once it is answered."""
        return [*self._messages, {"role": "user", "content": question}]

    def keep(self, question: str, answer: str) -> None:
        """Adds a question and its answer, also when the answer was stopped. Ignores a question without an answer."""
        if answer:
            self._messages = [*self.with_question(question), {"role": "assistant", "content": answer}]
