"""What docs/library.md shows runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from turnout import errors
from turnout.library import Reply

PAGE = Path(__file__).parents[2] / "docs/library.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_the_programs_of_the_page_run(block: str) -> None:
    ended = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.search("Hello,? ?|Ada", ended.stdout)


def test_the_page_names_every_field_of_a_reply() -> None:
    names = re.findall(r"`(\w+)`", PAGE.read_text())
    assert {field.name for field in msgspec.structs.fields(Reply)} <= set(names)


def test_every_error_it_names_exists() -> None:
    section = PAGE.read_text().partition("## Errors")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([A-Z]\w+)`", section))
    assert len(named) > 8
    assert [name for name in named if not hasattr(errors, name)] == []
