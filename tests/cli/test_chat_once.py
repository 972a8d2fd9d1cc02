"""``turnout chat`` in scripts: the answer's text on standard output, and nothing else there."""

from __future__ import annotations

import re
import signal
import subprocess
import time

import pytest

from tests.cli.support import run, seen_by
from tests.library.support import configured
from tests.support.simulator import Simulator
from tests.support.turnout_server import COMMAND

FIGURES = re.compile(r"(?P<deployment>\S+) · (?P<tokens>[^·]+) · (?P<cost>[^·]+) · first token .* s · total .* s")


def figures(stderr: str) -> re.Match[str]:
    (line,) = stderr.splitlines()
    match = FIGURES.match(line)
    assert match, line
    return match


def test_a_prompt_is_answered_on_standard_output_and_figures_go_to_standard_error(simulator: Simulator) -> None:
    price = {"input": 2, "output": 0.5}
    configured(simulator.root, {"fast": {"deployments": ["openai/sim"], "price": price}})
    ended = run("chat", "fast", "one two")
    assert (ended.returncode, ended.stdout) == (0, "You said: one two\n")
    line = figures(ended.stderr)
    assert line.group("deployment", "tokens", "cost") == ("openai/sim", "2 tokens in, 4 out", "$0.000006")


@pytest.mark.parametrize("words", [("chat", "echo"), ("chat",)], ids=["a model", "no model"])
def test_what_is_piped_in_is_the_prompt(words: tuple[str, ...]) -> None:
    ended = run(*words, stdin="from a\npipe\n")
    assert (ended.returncode, ended.stdout) == (0, "from a pipe\n")


def test_nothing_piped_in_is_wrong_usage() -> None:
    ended = run("chat", "echo", stdin=" \n")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "The prompt is empty" in ended.stderr


@pytest.mark.parametrize("stdin", ["", "more"], ids=["nothing piped in", "something piped in"])
def test_a_prompt_without_a_model_is_told_so(stdin: str) -> None:
    ended = run("chat", "Hello there", stdin=stdin)
    assert ended.returncode == 2
    assert "Say the model before the prompt" in " ".join(re.sub("[│\n]", " ", ended.stderr).split())


def test_a_prompt_does_not_wait_for_a_pipe() -> None:
    """As in a job whose standard input stays open for ever."""
    with subprocess.Popen([COMMAND, "chat", "echo", "hi"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.wait(20) == 0
        assert process.stdout is not None
        assert process.stdout.read() == b"hi\n"


def test_what_is_no_text_is_replaced() -> None:
    ended = subprocess.run([COMMAND, "chat", "echo"], input=b"\xff\xfe ok", capture_output=True, check=True)
    assert ended.stdout.decode() == "�� ok\n"


def test_a_system_prompt_is_sent(simulator: Simulator) -> None:
    configured(simulator.root, {"m": "openai/sim-id-system"})
    assert run("chat", "m", "one two", "--system", "You are brief.").returncode == 0
    (attempt,) = seen_by(simulator, "sim-id-system")
    assert attempt["tokens_in"] == 5  # a word is a token there


def test_thoughts_are_no_part_of_the_answer(simulator: Simulator) -> None:
    configured(simulator.root, {"m": "anthropic/sim-thinking"})
    assert run("chat", "m", "hi").stdout == "You said: hi\n"


def test_a_pipe_gets_every_character_as_it_is() -> None:
    assert run("chat", "echo", "a\x1b[31mb").stdout == "a\x1b[31mb\n"


def test_a_broken_answer_is_printed_as_far_as_it_came_and_fails(simulator: Simulator) -> None:
    configured(simulator.root, {"m": "openai/sim-cut-stream-after-2"})
    ended = run("chat", "m", "hi")
    assert (ended.returncode, ended.stdout) == (1, "You said:\n")
    assert "about 1 token in" in ended.stderr
    assert re.search(r"^turnout: .* broke off", ended.stderr, re.MULTILINE)


def test_a_reader_that_has_enough_is_no_error_of_ours() -> None:
    command = f"'{COMMAND}' chat echo '{'word ' * 20_000}' | head -c 4"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30, check=True)
    assert (ended.stdout, "Traceback" in ended.stderr) == ("word", False)


def test_ctrl_c_stops_the_provider_and_is_status_130(simulator: Simulator) -> None:
    configured(simulator.root, {"m": "openai/sim-slow-between-50-words-1000-id-once"})
    with subprocess.Popen([COMMAND, "chat", "m", "hi"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(5) == b"word1"
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=10)
    assert process.returncode == 130
    assert b"Traceback" not in complaint
    deadline = time.monotonic() + 2
    while seen_by(simulator, "sim-slow-between-50-words-1000-id-once")[0]["outcome"] != "client_left":
        assert time.monotonic() < deadline
        time.sleep(0.01)
