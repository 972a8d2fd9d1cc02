"""The errors of our counts against those that providers reported; docs/tokens.md has the same figures."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest

from scripts.token_errors import kinds, measured, tables

DOCS = (Path(__file__).parents[2] / "docs/tokens.md").read_text()
ROWS = list(measured())
OF_ITS_OWN = {"gemini-2.0-flash"}  # counts no schemas of tools


def test_half_of_all_counts_are_within_5_percent() -> None:
    assert median(abs(row.error) for row in ROWS) <= 0.05


@pytest.mark.parametrize("family", sorted({row.family for row in ROWS}))
def test_half_of_a_familys_counts_are_within_6_percent(family: str) -> None:
    assert median(abs(row.error) for row in ROWS if row.family == family) <= 0.06


def test_what_is_counted_too_high_stays_within_the_margin_that_a_refusal_leaves() -> None:
    assert [row for row in ROWS if row.error > 0.2 and row.model not in OF_ITS_OWN] == []


def test_texts_in_the_encodings_of_openai_are_exact() -> None:
    """Requests of plain texts, as OpenAI's cookbook counts them, and a model's answer."""
    exact = [row for row in ROWS if row.family in ("o200k", "cl100k") and row.error == 0]
    assert {(row.model, row.reported) for row in exact} >= {("gpt-4o", 124), ("gpt-4", 129), ("gpt-4.1-nano", 362)}


def test_the_estimate_by_bytes_is_better_than_a_quarter_of_the_characters() -> None:
    rows = list(kinds())
    ours, quarter = median(abs(row.cheap) for row in rows), median(abs(row.quarter) for row in rows)
    assert ours < 0.1 < 0.3 < quarter
    assert max(abs(row.cheap) for row in rows) < 0.35 < max(abs(row.quarter) for row in rows)


def test_the_docs_have_the_tables_as_they_are() -> None:
    """`make tokens` prints them."""
    for table in tables().strip().split("\n\n"):
        assert table in DOCS
