"""Several values of one header are one list."""

from __future__ import annotations

import pytest

from turnout.core.header_lists import joined


@pytest.mark.parametrize(
    ("values", "list_"),
    [
        (("a", "b"), "a,b"),
        (("a, b", "b ,c", "a"), "a,b,c"),
        (("2023-06-01", "2023-06-01"), "2023-06-01"),
        (("a,,b", "", ","), "a,b"),
        (("", ""), ""),
    ],
)
def test_every_member_is_there_once(values: tuple[str, ...], list_: str) -> None:
    assert joined(*values) == list_
