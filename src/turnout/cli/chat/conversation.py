"""What was said so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Said = Mapping[str, str]


class Conversation:
    """Messages in OpenAI's format."""

    def __init__(self, system: str | None = None) -> None:
        self._messages: list[Said] = [{"role": "system", "content": system}] if system else []

    def with_question(self, question: str) -> Sequence[Said]:
        """The conversation with one more question, which isn't kept until it is answered."""
        return [*self._messages, {"role": "user", "content": question}]

    def keep(self, question: str, answer: str) -> None:
        """An answer that was stopped counts as far as it came; without any, the question wasn't asked."""
        if answer:
            self._messages = [*self.with_question(question), {"role": "assistant", "content": answer}]
