"""``import turnout`` costs next to nothing, and everything public is there."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

import turnout

HEAVY = ("asyncio", "msgspec", "turnout.core", "turnout.library", "turnout.gateway")


def test_importing_takes_less_than_half_a_second() -> None:
    """Of computing: a busy machine may take longer."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "import turnout"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def test_nothing_is_imported_before_it_is_used() -> None:
    source = f"import sys, turnout; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("name", turnout.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(turnout, name) is not None
    assert name in dir(turnout)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="module 'turnout' has no attribute 'opn'"):
        _ = turnout.opn


def test_a_program_that_configures_no_logging_sees_none() -> None:
    source = "import turnout, logging; logging.getLogger('turnout.ledger').warning('hello')"
    assert subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stderr == ""
