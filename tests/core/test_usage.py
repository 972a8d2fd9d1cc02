"""Which counts can be billed."""

from __future__ import annotations

from typing import Any

import pytest

from turnout.core import Usage
from turnout.core.usage import MOST

COUNTS = [name for name in Usage.__struct_fields__ if name != "source"]


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize(("count", "credible"), [(-1, False), (0, True), (MOST, True), (MOST + 1, False)])
def test_each_count_has_to_be_credible(name: str, count: int, credible: bool) -> None:
    fields: dict[str, Any] = {name: count}
    assert Usage(**fields).credible is credible


def test_the_total_is_of_both_directions() -> None:
    assert Usage(input=5, output=2, cached_input=3, reasoning=1).total == 7
