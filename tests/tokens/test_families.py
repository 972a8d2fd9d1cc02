"""The families of tokenizers, by the names that the configuration has for them."""

from __future__ import annotations

from typing import get_args

from turnout.config.settings import Tokenizer
from turnout.tokens.families import FAMILIES


def test_every_family_can_be_configured_and_nothing_else() -> None:
    assert set(get_args(Tokenizer)) == set(FAMILIES)
