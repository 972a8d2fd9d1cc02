"""Plug-ins as a person meets them at the command line."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.support import NO_COLOURS
from tests.support.packages import install
from tests.support.process import free_port
from tests.support.turnout_server import COMMAND, NO_LOCAL_SERVERS

PARROT = """
    from turnout.core import Delta, Finish, PartEnd, PartStart, Start, Support, Text, Usage, UsageSoFar
    from turnout.providers import Profile

    class Parrot:
        name = "parrot"
        profile = Profile(title="Parrot", base_url="", images=None)
        support = Support(namespace="parrot", knobs=frozenset())

        async def run(self, request, deployment):
            yield [Start(), PartStart(0, Text("")), Delta(0, "Polly!"), PartEnd(0), Finish("stop", "stop")]

    PROVIDERS = (Parrot(),)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    (tmp_path / "quiet.yaml").write_text("discovery: false\n")
    (tmp_path / "any.yaml").write_text("discovery: true\n")
    return tmp_path


def run(folder: Path, *words: str, config: str = "quiet.yaml") -> subprocess.CompletedProcess[str]:
    """With the packages in ``folder/site``."""
    environ = (
        os.environ | NO_COLOURS | NO_LOCAL_SERVERS | {"PYTHONPATH": str(folder / "site"), "PORT": str(free_port())}
    )
    command = [str(COMMAND), *words, "--config", config]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=folder, env=environ)


def test_models_and_doctor_show_what_a_package_brings(folder: Path) -> None:
    install(folder / "site", "parrot-turnout", {"parrot_wire": PARROT}, providers="parrot = parrot_wire")
    assert "parrot/parrot" in run(folder, "models", config="any.yaml").stdout
    told = run(folder, "doctor")
    assert "✓ providers of the package parrot-turnout 1.2, entry point 'parrot'" in told.stdout
    assert told.returncode == 0


@pytest.mark.parametrize("group", ["providers", "dialects", "policies"])
def test_what_cannot_be_used_ends_the_start_and_is_told_by_the_doctor(folder: Path, group: str) -> None:
    install(folder / "site", "parrot-turnout", {"parrot_wire": ""}, **{group: "parrot = parrot_wire"})
    served = run(folder, "serve")
    assert served.returncode == 2
    assert served.stderr.startswith("turnout: The package parrot-turnout 1.2 has a plug-in that can't be used")
    told = run(folder, "doctor")
    assert "✗ The package parrot-turnout 1.2 has a plug-in that can't be used" in told.stdout
    assert told.returncode == 1


def test_help_reads_no_entry_point(folder: Path) -> None:
    install(folder / "site", "parrot-turnout", {"parrot_wire": ""}, providers="parrot = parrot_wire")
    environ = os.environ | {"PYTHONPATH": str(folder / "site")}
    assert subprocess.run([str(COMMAND), "--help"], capture_output=True, check=False, env=environ).returncode == 0
