"""Which counts can be billed, and that each token is in one class."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.core import Extra, InnerUsage, Usage, with_extra
from turnout.core.usage import COUNTS, EXTRA_COUNTS, MOST, NO_EXTRA


def usages(counts: st.SearchStrategy[int]) -> st.SearchStrategy[Usage]:
    extra = st.builds(Extra, **dict.fromkeys(EXTRA_COUNTS, counts))
    return st.builds(Usage, **dict.fromkeys(COUNTS, counts), extra=extra)


ANY_COUNTS, POSSIBLE_COUNTS = usages(st.integers(-10, 1000)), usages(st.integers(0, 1000))


@pytest.mark.parametrize("name", [*COUNTS, *EXTRA_COUNTS])
@pytest.mark.parametrize(("count", "credible"), [(-1, False), (0, True), (MOST, True), (MOST + 1, False)])
def test_each_count_has_to_be_credible(name: str, count: int, credible: bool) -> None:
    fields: dict[str, Any] = {name: count}
    usage = Usage(**fields) if name in COUNTS else Usage(extra=Extra(**fields))
    assert usage.credible is credible
    assert Usage(extra=Extra(inner=(InnerUsage("model", usage),))).credible is credible


@given(ANY_COUNTS)
def test_each_token_is_in_one_class_whatever_is_reported(usage: Usage) -> None:
    given_tokens, made_tokens = usage.input_tokens(), usage.output_tokens()
    assert min(*given_tokens, *made_tokens) >= 0
    assert sum(given_tokens) == max(usage.input, 0)
    assert sum(made_tokens) == max(usage.output, 0)


@given(POSSIBLE_COUNTS)
def test_a_class_is_as_large_as_the_report_says_if_there_is_room(usage: Usage) -> None:
    given_tokens, made_tokens = usage.input_tokens(), usage.output_tokens()
    cached = given_tokens.cached + given_tokens.cached_audio + given_tokens.cached_image
    assert cached == min(usage.cached_input, usage.input)
    written = given_tokens.written + given_tokens.written_1h
    assert written == min(usage.cache_write, usage.input - cached)
    assert given_tokens.written_1h == min(usage.extra.cache_write_1h, written)
    assert made_tokens.reasoning == min(usage.reasoning, usage.output)


@given(POSSIBLE_COUNTS, st.lists(POSSIBLE_COUNTS, max_size=2))
def test_what_inner_models_used_is_taken_out_once(usage: Usage, inner: list[Usage]) -> None:
    whole = with_extra(usage, inner=tuple(InnerUsage("model", each) for each in inner))
    own = whole.own()
    assert own.extra.inner == ()
    assert own.input == max(usage.input - sum(each.input for each in inner), 0)
    assert own.extra.images == max(usage.extra.images - sum(each.extra.images for each in inner), 0)


def test_without_extras_it_has_the_one_that_says_so() -> None:
    """A price looks at nothing else."""
    assert with_extra(Usage(input=1), web_searches=0, region="").extra is NO_EXTRA
    assert msgspec.json.decode(msgspec.json.encode(Usage(input=1)), type=Usage).extra is NO_EXTRA


def test_the_total_is_of_both_directions() -> None:
    assert Usage(input=5, output=2, cached_input=3, reasoning=1).total == 7
