"""What ``turnout chat`` writes, and where: a terminal gets colours and thoughts, a pipe the answer's text alone."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from turnout.cli.chat.screen import Screen

Shown = Callable[[bool], tuple[str, str]]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shown:
    """The output and the error output of a turn, on a terminal or in a pipe."""

    def show(on_terminal: bool) -> tuple[str, str]:
        for stream in (sys.stdout, sys.stderr):
            monkeypatch.setattr(stream, "isatty", lambda: on_terminal, raising=False)
        screen = Screen()
        screen.think("first ")
        screen.think("second")
        screen.say("Hello\x1b[2J")
        screen.end()
        screen.end()
        screen.say("A line.\n")
        screen.end()
        screen.note("figures\x1b[2J")
        screen.note("")
        screen.warn("stopped\x1b[2J")
        captured = capsys.readouterr()
        return captured.out, captured.err

    return show


def test_a_terminal_gets_thoughts_and_figures_dimmed_and_nothing_that_controls_it(shown: Shown) -> None:
    assert shown(True) == (
        "\x1b[2mfirst second\x1b[0m\nHello[2J\nA line.\n",
        "\x1b[2mfigures[2J\x1b[0m\nstopped[2J\n",
    )


def test_a_pipe_gets_the_answer_as_it_is_and_no_thoughts(shown: Shown) -> None:
    assert shown(False) == ("Hello\x1b[2J\nA line.\n", "figures[2J\nstopped[2J\n")
