"""What of a second attempt's answer the client doesn't have yet."""

from __future__ import annotations

import time

import pytest

from turnout.core import Text
from turnout.engine.so_far import PartSoFar
from turnout.engine.stitching import Owed
from turnout.errors import AnswersDiffer


def owed(*texts: str, exact: bool) -> Owed:
    return Owed(PartSoFar(0, Text("")), *texts, exact=exact)


@pytest.mark.parametrize(
    ("pieces", "new"),
    [
        pytest.param(["Hello", ", wor", "ld"], ["", "", "ld"], id="in-pieces"),
        pytest.param(["Hello, world", "!"], ["ld", "!"], id="across-a-piece"),
        pytest.param(["Hello, wor", ""], ["", ""], id="only-the-words"),
        pytest.param(["ld", "Hello"], ["ld", "Hello"], id="nothing-repeated"),
        pytest.param(["", "Hello, wor", "Hello, wor"], ["", "", "Hello, wor"], id="only-the-first-time"),
        pytest.param(["Hell", "fire"], ["", "Hellfire"], id="begins-alike"),
    ],
)
def test_what_comes_again_is_left_out(pieces: list[str], new: list[str]) -> None:
    left = owed("Hello, wor", exact=False)
    assert [left.rest_of(piece) for piece in pieces] == new


@pytest.mark.parametrize(
    ("pieces", "new"),
    [
        pytest.param(["Hello world"], "world", id="both"),
        pytest.param(["Hel", "lo", " ", "world"], "world", id="both-in-pieces"),
        pytest.param(["Helloworld"], "world", id="the-first-only"),
        pytest.param([" world"], "world", id="the-second-only"),
    ],
)
def test_texts_come_again_one_after_another(pieces: list[str], new: str) -> None:
    left = owed("Hello", " ", exact=False)
    assert "".join(map(left.rest_of, pieces)) == new


def test_who_has_to_say_the_same_disagrees_otherwise() -> None:
    left = owed("Hello", exact=True)
    assert left.rest_of("Hell") == ""
    assert left.is_left
    with pytest.raises(AnswersDiffer):
        left.rest_of("fire")


def test_a_long_text_in_small_pieces_takes_no_longer_for_each_piece() -> None:
    text = "x" * 1_000_000
    left = owed(text, exact=True)
    began = time.process_time()
    for at in range(0, len(text), 4):
        left.rest_of(text[at : at + 4])
    assert not left.is_left
    assert time.process_time() - began < 3
