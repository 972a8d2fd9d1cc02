"""The figures by which each family of models counts: its encoding, or a similar one, and the tokens around the texts.

Families without a public tokenizer have figures that were fitted to the counts that providers reported; the requests
are in ``tests/tokens/cases.json``, the errors in ``docs/tokens.md``.
"""

from __future__ import annotations

import string
from functools import lru_cache
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from .encodings import Encoding, encoded_length, pieces
from .remembered import Remembered

_LETTERS: Final = string.ascii_letters.encode()
_DIGITS: Final = string.digits.encode()
_REMEMBERED: Final = Remembered()


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens for each piece of a request. A text has ``factor`` tokens for each token of its ``encoding``. It has some
    more for each ``newline``, ``letter`` (ASCII) and ``digit``, where the family splits tokens of the encoding.

    ``exact`` tells which counts equal the provider's: none, texts alone, or whole requests of plain texts, too.
    ``margin`` is how far below an estimate the true count may be, as a share of the estimate.
    """

    encoding: Encoding = "o200k_base"
    exact: Literal["nothing", "texts", "requests"] = "nothing"
    factor: float = 1.0
    newline: float = 0.0
    letter: float = 0.0
    digit: float = 0.0
    request: int = 3
    message: int = 4
    system: int = 0  # a system message, besides ``message``
    name: int = 1
    tools: int = 0  # the provider's own instructions to the model when there are tools
    forced: int = 0  # more instructions when the model has to call one
    tool: int = 0
    call: int = 8
    result: int = 0
    schema: int = 0
    thinking: int = 0
    page: int = 1500  # of a document
    margin: float = 0.0

    def text(self, text: str) -> float:
        """The tokens of a text alone."""
        kind = (self.encoding, self.factor, self.newline, self.letter, self.digit)
        tokens = _REMEMBERED.get(kind, text)
        if tokens is None:
            tokens = sum([self.weigh_text(piece, encoded_length(piece, self.encoding)) for piece in pieces(text)])
            _REMEMBERED.put(kind, text, tokens)
        return tokens

    def weigh_text(self, text: str, tokens: float) -> float:
        """The tokens of a text that has so many ``tokens`` of the encoding."""
        return self.weigh(
            tokens,
            text.count("\n") if self.newline else 0,
            _count_among(text, _LETTERS) if self.letter else 0,
            _count_among(text, _DIGITS) if self.digit else 0,
        )

    def weigh(self, tokens: float, newlines: int, letters: int, digits: int) -> float:
        """The tokens of a text by its statistics. ``tokens`` are those of the encoding."""
        return tokens * self.factor + newlines * self.newline + letters * self.letter + digits * self.digit


def _count_among(text: str, characters: bytes) -> int:
    """How many characters of ``text`` are among these ASCII characters."""
    data = text.encode(errors="replace")
    return len(data) - len(data.translate(None, characters))


_CLAUDE: Final = Family(
    factor=1.07,
    newline=0.8,
    request=5,
    message=2,
    system=-2,
    tools=316,
    forced=92,
    tool=6,
    call=24,
    result=16,
    schema=155,
    thinking=28,
    page=2200,
    margin=0.2,
)
_GPT: Final = Family(exact="requests", page=1000, margin=0.1)

FAMILIES: Final = {
    # https://github.com/openai/openai-cookbook/blob/main/examples/How_to_count_tokens_with_tiktoken.ipynb
    "o200k": _GPT,
    "o200k-reasoning": replace(_GPT, exact="texts", message=3, system=1),
    "cl100k": replace(_GPT, encoding="cl100k_base"),
    # The instructions before tools grew with Claude 4.5. From Opus 4.7 on, a new tokenizer makes more tokens of Latin
    # letters, and as many of everything else: https://platform.claude.com/docs/en/build-with-claude/token-counting
    "claude": _CLAUDE,
    "claude-4.5": replace(_CLAUDE, tools=497),
    "claude-2026": replace(_CLAUDE, letter=0.12, tools=390, thinking=0),
    "gemini": Family(factor=1.02, digit=0.3, request=0, message=0, tool=-6, call=12, result=10, page=258, margin=0.2),
    "llama": Family(factor=1.01, request=25, message=5, margin=0.2),
    "qwen": Family(factor=1.03, digit=0.5, request=3, message=5, margin=0.2),
    "mistral": Family(digit=0.5, request=1, message=2, margin=0.2),
    "deepseek": Family(factor=1.03, request=2, message=1, system=-1, margin=0.2),
    "other": Family(factor=1.1, request=4, message=4, margin=0.35),
}
"""The families by the name in ``traits.tokenizer``. ``other`` is for unknown models."""

_NAMES: Final = (
    ("claude", "claude"),
    ("gemini", "gemini"),
    ("gemma", "gemini"),
    ("llama", "llama"),
    ("llava", "llama"),
    ("qwen", "qwen"),
    ("qwq", "qwen"),
    ("mistral", "mistral"),
    ("mixtral", "mistral"),
    ("ministral", "mistral"),
    ("magistral", "mistral"),
    ("codestral", "mistral"),
    ("devstral", "mistral"),
    ("deepseek", "deepseek"),
    ("gpt-oss", "o200k-reasoning"),
)
"""Words in the names of open models, which many providers serve, and their families."""


@lru_cache(maxsize=1024)
def family_of(model: str, tokenizer: str | None = None) -> Family:
    """The family called ``tokenizer``; if there is none, the family by the upstream model's name."""
    if tokenizer in FAMILIES:
        return FAMILIES[tokenizer]
    name = model.lower()
    return FAMILIES[next((family for word, family in _NAMES if word in name), "other")]
