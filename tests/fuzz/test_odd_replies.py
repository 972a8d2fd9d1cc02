"""A short run over odd but meaningful replies. ``make fuzz`` runs it for longer."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.odd_replies import OddReplyTarget, odd_targets


@pytest.mark.parametrize("target", odd_targets(), ids=lambda target: target.name)
class TestOddReplies:
    @settings(max_examples=150, deadline=None)
    @given(random=st.randoms(use_true_random=True))
    def test_the_answer_is_the_one_that_was_written(self, target: OddReplyTarget, random: Random) -> None:
        target.once(random)
