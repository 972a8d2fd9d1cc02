"""``turnout tokens``: what a text would be to a model, without asking it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.support import invoke, run
from tests.library.support import UNPRICED, configured
from tests.support.turnout_server import NOBODY
from turnout.errors import UnknownModel

TEXT = "Hello there, world"  # 4 tokens of o200k_base


@pytest.fixture(autouse=True)
def _models() -> None:
    traits = {"context": 1000, "tokenizer": "o200k"}
    models = {
        "fast": {"deployments": ["openai/m"], "traits": traits, "price": {"input": 2, "output": 8}},
        "claude": {"deployments": ["anthropic/claude-sonnet-4-5"]},
        "unpriced": {"deployments": ["openai/m"], "price": UNPRICED},
    }
    configured(NOBODY, models)


def test_a_line_says_count_share_and_cost() -> None:
    assert invoke("tokens", TEXT, "--model", "fast").stdout == "4 tokens (exact) · 0.40% of 1,000 · $0.000008\n"


def test_json_says_the_same() -> None:
    report = json.loads(invoke("tokens", TEXT, "--model", "fast", "--json").stdout)
    assert report == {
        "model": "fast",
        "deployment": "openai/m",
        "tokens": 4,
        "source": "exact",
        "context": 1000,
        "share": 0.004,
        "cost": "0.000008",
    }


def test_it_counts_for_the_deployment_that_a_request_would_go_to_first() -> None:
    """The policy decides, not the order in the file."""
    heavy = {"provider": "echo", "model": "echo", "weight": 1_000_000}
    deployments = [{"provider": "openai", "model": "m", "weight": 1}, heavy]
    configured(NOBODY, {"shared": {"policy": "weighted", "deployments": deployments}})
    report = json.loads(invoke("tokens", TEXT, "-m", "shared", "--json").stdout)
    assert report["deployment"] == "echo/echo"


def test_an_estimate_is_marked() -> None:
    assert "tokens (estimated) · " in invoke("tokens", TEXT, "-m", "claude").stdout


def test_what_is_not_known_is_left_out() -> None:
    shown = invoke("tokens", "hi", "-m", "unpriced").stdout
    assert shown.endswith("(estimated) · no price known\n")


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_text(TEXT)
    assert invoke("tokens", f"@{file}", "-m", "fast").stdout.startswith("4 tokens (exact)")


@pytest.mark.parametrize("words", [(), ("-",)], ids=["nothing said", "a dash"])
def test_a_pipe_is_read(words: tuple[str, ...]) -> None:
    assert run("tokens", *words, "-m", "fast", stdin=TEXT).stdout.startswith("4 tokens (exact)")


def test_a_file_that_is_not_there_or_no_text_is_told() -> None:
    missing = invoke("tokens", "@nowhere", "-m", "fast")
    assert (missing.exit_code, "nowhere: No such file" in missing.output) == (2, True)
    Path("x").write_bytes(b"\xff\xfe")
    unread = invoke("tokens", "@x", "-m", "fast")
    assert (unread.exit_code, "is not text" in unread.output) == (2, True)


def test_an_unknown_model_is_told() -> None:
    assert isinstance(invoke("tokens", "hi", "-m", "fsat").exception, UnknownModel)
    ended = run("tokens", "hi", "-m", "fsat")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "fast" in ended.stderr
