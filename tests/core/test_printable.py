"""A provider's text becomes printable before clients and logs get it."""

from __future__ import annotations

import pytest

from turnout.core.printable import excerpt, printable_body, printable_line
from turnout.errors import UpstreamBroken


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Rate limit reached. Schöne Grüße 🙂", "Rate limit reached. Schöne Grüße 🙂"),
        ('line1\nFAKE {"event":"forged"}\r\n\x1b[31mred', 'line1 FAKE {"event":"forged"} [31mred'),
        ("a\u202eb\x00c\u2028d", "a b c d"),
        ("x" * 5000, "x" * 2000),
    ],
)
def test_a_text_becomes_one_line_without_control_characters(text: str, line: str) -> None:
    assert printable_line(text) == line


def test_the_body_of_an_error_reply_becomes_a_short_printable_text() -> None:
    assert printable_body(b" Bad\tgateway\n" + b"\xff" * 1000) == "Bad gateway " + "\N{REPLACEMENT CHARACTER}" * 487


def test_an_excerpt_is_short_and_escaped() -> None:
    assert excerpt(b"\x00\n<\xff>'" + b"x" * 1000) == "\"\\x00\\n<\\xff>'" + "x" * 194 + '"'


@pytest.mark.parametrize(
    "written", ['sk-"secret"/1', "sk-%22secret%22%2F1", 'sk-\\"secret\\"/1', "c2stInNlY3JldCIvMQ=="], ids=str
)
def test_a_key_is_concealed_in_every_writing(written: str) -> None:
    error = UpstreamBroken(f"No: {written}.", excerpt=f"b'{written}'")
    error.conceal('sk-"secret"/1')
    assert (str(error), error.message, error.excerpt) == ("No: ***.", "No: ***.", "b'***'")
