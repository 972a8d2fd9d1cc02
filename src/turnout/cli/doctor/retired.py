"""Models that their providers switched off, or will: OpenAI's and Anthropic's own addresses only.

https://developers.openai.com/api/docs/deprecations
https://platform.claude.com/docs/en/about-claude/model-deprecations
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final, NamedTuple


class Retirement(NamedTuple):
    model: str
    day: date
    replacement: str = ""  # the provider's own advice, if it has given one

    @property
    def is_over(self) -> bool:
        return self.day <= datetime.now(UTC).date()

    def __str__(self) -> str:
        verb = "was switched off" if self.is_over else "will be switched off"
        advice = f" Its provider recommends {self.replacement}." if self.replacement else ""
        return f"{self.model} {verb} on {self.day}.{advice}"


RETIRED: Final = {
    "openai": (
        Retirement("text-davinci-003", date(2024, 1, 4)),
        Retirement("gpt-3.5-turbo-instruct", date(2026, 9, 28)),
        Retirement("gpt-3.5-turbo", date(2026, 10, 23), "gpt-5.6-terra"),
        Retirement("gpt-4", date(2026, 10, 23), "gpt-5.6-sol"),
        Retirement("gpt-4-turbo", date(2026, 10, 23), "gpt-5.6-sol"),
        Retirement("gpt-4o", date(2027, 1, 14), "gpt-6-luna"),
        Retirement("gpt-4o-mini", date(2027, 1, 14), "gpt-6-luna"),
    ),
    "anthropic": (
        Retirement("claude-3-sonnet-20240229", date(2025, 7, 21)),
        Retirement("claude-3-opus-20240229", date(2026, 1, 5)),
        Retirement("claude-3-haiku-20240307", date(2026, 4, 20), "claude-haiku-4-5"),
    ),
}


def retirement(provider: str, model: str) -> Retirement | None:
    return next((known for known in RETIRED.get(provider, ()) if known.model == model), None)
