"""What holds for a deployment of which nothing was said: the documentation names the same figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec import structs

from turnout.core import Retries, Timeouts

TEXT = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
DEFAULTS: dict[str, Timeouts | Retries] = {"timeouts": Timeouts(), "retries": Retries()}


@pytest.mark.parametrize("section", DEFAULTS)
def test_defaults_are_those_of_the_documentation(section: str) -> None:
    documented = re.findall(rf"^\| `{section}\.(\w+)` \| `unset` \| \D*([\d.]+)", TEXT, re.MULTILINE)
    assert {name: float(value) for name, value in documented} == structs.asdict(DEFAULTS[section])
