"""What providers' price pages say and the package ``genai-prices`` hasn't. Each fact names its page.

``python -m scripts.prices`` writes it into the price book. Give ``READ`` the day when you change something here.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

READ: Final = "2026-11-30"
"""The day on which the pages were last looked at, as stored then. It is a part of the book's version."""


class Terms(NamedTuple):
    """Factors of a model's rates: ``(input and output, cached input)``, by service tier or by speed."""

    source: str
    models: re.Pattern[str]
    page: str
    service_tier: str = ""
    speed: str = ""
    factor: str = "1"
    cached_factor: str = "1"


class Region(NamedTuple):
    """``thousandths`` of all rates where the provider says that it had to work in the region."""

    source: str
    models: re.Pattern[str]
    page: str
    region: str
    thousandths: int


class Piece(NamedTuple):
    """USD for something that is sold by piece. ``name`` is the field of ``turnout.core.Tariff``."""

    source: str
    models: re.Pattern[str]
    page: str
    name: str
    usd: str


_ANTHROPIC: Final = "https://platform.claude.com/docs/en/about-claude/pricing"
_OPENAI: Final = "https://developers.openai.com/api/docs/pricing"
_GOOGLE: Final = "https://ai.google.dev/gemini-api/docs/pricing"
_GEMINI_TEXT: Final = re.compile(r"gemini-(2\.5|3|3\.\d)-(pro|flash|flash-lite)(-preview)?")

_SINCE_MARCH_2026: Final = re.compile(r"gpt-(5\.[4-9]|6).*")

TERMS: Final = (
    # "Claude Opus 4.6 and 4.7: 6x standard rates", as read in June 2026; newer models are in the package.
    Terms(
        "anthropic",
        re.compile(r"claude-opus-4-[67]"),
        f"{_ANTHROPIC}#fast-mode-pricing",
        speed="fast",
        factor="6",
        cached_factor="6",
    ),
    # Flex halves input and output, and leaves context caching; Priority is 1.8 times all of it.
    Terms("google", _GEMINI_TEXT, f"{_GOOGLE} (Flex)", service_tier="flex", factor="0.5"),
    Terms("google", _GEMINI_TEXT, f"{_GOOGLE} (Priority)", service_tier="priority", factor="1.8", cached_factor="1.8"),
)

REGIONS: Final = (
    # "For Claude 4.6 and later models, US-only inference applies a 1.1x multiplier to all token categories."
    Region(
        "anthropic",
        re.compile(r"claude-(opus|sonnet|haiku)-4-[6-9].*|claude-(opus|sonnet|haiku|fable|mythos)-[5-9].*"),
        f"{_ANTHROPIC}#data-residency-pricing",
        "us",
        1100,
    ),
    # "Regional processing (data residency) endpoints are charged a 10% uplift for models released on or after March 5,
    # 2026". The address names the region: https://us.api.openai.com/v1.
    Region("openai", _SINCE_MARCH_2026, f"{_OPENAI}#latest-pricing", "us", 1100),
    Region("openai", _SINCE_MARCH_2026, f"{_OPENAI}#latest-pricing", "eu", 1100),
)

PIECES: Final = (
    # "Containers: 1 GB $0.03 per 20-minute session per container", the size that is used if none is asked for.
    Piece("openai", re.compile(r"gpt-(4o|4\.1|5|6).*|o[134].*"), f"{_OPENAI}#built-in-tools", "code_execution", "0.03"),
    # "$35 / 1,000 grounded prompts": Gemini 2 is billed by request, however many searches it has.
    Piece("google", re.compile(r"gemini-2\..*"), f"{_GOOGLE}#gemini-2.5-pro", "search_request", "0.035"),
    Piece("google", re.compile(r"gemini-2\..*"), f"{_GOOGLE}#gemini-2.5-pro", "web_search", "0"),
)
