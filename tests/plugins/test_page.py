"""What docs/plugins.md shows runs as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.turnout_server import NO_LOCAL_SERVERS
from turnout.plugins import MODULE_ATTRIBUTES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/plugins.md").read_text()
EXAMPLE = ROOT / "examples/turnout-parrot"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_program_runs(tmp_path: Path) -> None:
    (program,) = [block for block in blocks("python") if "asyncio.run" in block]
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=os.environ | NO_LOCAL_SERVERS,
    )
    assert ran.stdout == "Turnout Hello,\n"
    assert ran.stdout.strip() in program


def test_the_contract_test_is_the_examples() -> None:
    (shown,) = [block for block in blocks("python") if "test_contract" in block]
    assert shown in (EXAMPLE / "tests/test_contract.py").read_text()


def test_every_group_of_entry_points_is_there() -> None:
    rows = re.findall(r"^\| `(turnout\.\w+)` \| `(\w+)`", PAGE, re.MULTILINE)
    assert dict(rows) == MODULE_ATTRIBUTES
