"""What all commands have in common: help, version, exit status, errors of one line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.cli.support import invoke, run
from tests.library.support import written
from tests.support.turnout_server import COMMAND
from turnout.cli.main import app
from turnout.version import __version__

COMMANDS = (
    *("serve", "chat", "models", "tokens", "deployments", "explain", "replay"),
    *("keys", "users", "teams", "audit", "cache"),
    *("usage", "vectors", "ledger", "prices", "migrate", "doctor", "simulate", "schema", "secrets"),
)
PAGE = Path(__file__).parents[2] / "docs/cli.md"


def commands() -> dict[str, Any]:
    """As typer builds them: what they are made of are its own classes, not click's."""
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


def test_the_commands_are_those_of_the_issue() -> None:
    assert set(commands()) == set(COMMANDS)


def test_version() -> None:
    result = invoke("--version")
    assert (result.exit_code, result.stdout) == (0, f"turnout {__version__}\n")


def test_help_needs_no_heavy_imports() -> None:
    """A command imports what it needs when it runs, so that none waits for another's."""
    heavy = ("asyncio", "fastapi", "msgspec", "rich.console", "sqlalchemy", "turnout.catalog", "uvloop")
    source = f"import sys, turnout.cli; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_tells_what_a_command_does_and_every_option(name: str) -> None:
    shown = invoke(name, "--help").stdout
    command = commands()[name]
    assert command.help is not None
    assert command.help.partition(".")[0].partition(":")[0] in re.sub(r"\s+", " ", shown)
    for parameter in command.params:
        assert parameter.opts[0] in shown
        assert getattr(parameter, "help", None) or parameter.name == "help", f"{name} {parameter.name} has no help"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_tells_every_command_and_option(name: str) -> None:
    section = PAGE.read_text().partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    synopsis = section.partition("```\n")[2].partition("```")[0]
    for parameter in commands()[name].params:
        if parameter.name != "help":
            assert (parameter.opts[0] if parameter.param_type_name == "option" else parameter.name.upper()) in synopsis


@pytest.mark.parametrize("name", ["serve", "chat", "models"])
def test_a_mistake_in_the_configuration_is_a_line_and_status_2(name: str) -> None:
    wrong = written("wrong.yaml", "models:\n  fast: {polcy: order, deployments: [echo/echo]}\n")
    ended = run(name, "--config", wrong)
    assert ended.returncode == 2
    assert ended.stderr == "turnout: wrong.yaml:2: models.fast.polcy: unknown key; did you mean 'policy'?\n"
    assert ended.stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("chat", "--nosuch"), id="an unknown option"),
        pytest.param(("nosuch",), id="an unknown command"),
        pytest.param(("serve", "--port", "99999"), id="a port that can't be"),
        pytest.param(("serve", "--log-level", "loud"), id="a word that isn't one of those"),
        pytest.param(("simulate", "--port", "x"), id="no number"),
    ],
)
def test_wrong_usage_is_status_2(words: tuple[str, ...]) -> None:
    assert invoke(*words).exit_code == 2


def test_a_failure_is_a_line_and_status_1() -> None:
    ended = run("chat", "nosuch", "hi")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "turnout: The model 'nosuch' does not exist here. `turnout models` lists what is served.\n"


def test_schema_prints_a_json_schema() -> None:
    printed = json.loads(invoke("schema").stdout)
    assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {"server", "models", "aliases", "keys"} <= printed["$defs"]["Settings"]["properties"].keys()


@pytest.mark.parametrize("words", [("schema",), ("models",), ("chat", "echo", "hi")])
def test_a_full_disk_is_a_line(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run([COMMAND, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 1
    assert "turnout: No space left on device\n" in ended.stderr
    assert "Traceback" not in ended.stderr
