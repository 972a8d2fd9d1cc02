"""The command-line tool ``llm`` asks every provider through Turnout, with nothing but its own configuration."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from tests.e2e.backends import ECHO, SIMULATOR, Backend
from tests.e2e.stage import TEAM_KEY, Stage
from tests.support.aimock import case
from tests.support.process import PASSED_VARIABLES
from tests.support.sdks import PNG

COMMAND = Path(sys.executable).with_name("llm")
ASKED = (ECHO, *SIMULATOR)
SCHEMA = json.dumps({"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}})
TOOLS = "def find_train(city: str, days: int) -> str:\n    return f'To {city} in {days} days'\n"
ONE_AFTER_THE_OTHER = """
import json, sys
from click.testing import CliRunner
from llm.cli import cli
print(json.dumps([CliRunner().invoke(cli, words, catch_exceptions=False).stdout for words in json.load(sys.stdin)]))
"""


@pytest.fixture(scope="session")
async def home(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder, in which Turnout's models are its own. It makes its database when it is first asked anything."""
    folder = tmp_path_factory.mktemp("llm")
    able = {"supports_schema": True, "supports_tools": True, "vision": True}
    models = [
        {"model_id": backend.model, "model_name": backend.model, "api_base": stage.turnout.openai_url, **able}
        for backend in ASKED
    ]
    keyed = [{**model, "api_key_name": "turnout"} for model in models]
    (folder / "extra-openai-models.yaml").write_text(yaml.safe_dump(keyed))
    (folder / "keys.json").write_text(json.dumps({"turnout": TEAM_KEY}))
    assert await run(folder, COMMAND, "-m", "echo", "Hello.") == "Hello.\n"
    return folder


async def llm(home: Path, *commands: Sequence[str]) -> list[str]:
    """What each of them says, in one process: a start takes a second.

    They can't run at the same time in one folder: ``llm`` logs in a transaction that reads before it writes, which
    SQLite refuses at once ("database is locked") when another process has written in between.
    """
    said: list[str] = json.loads(await run(home, sys.executable, "-c", ONE_AFTER_THE_OTHER, given=json.dumps(commands)))
    return said


async def run(home: Path, *command: str | Path, given: str = "") -> str:
    """What it says; it has to end well."""
    kept = {name: os.environ[name] for name in PASSED_VARIABLES if name in os.environ}
    program = await asyncio.create_subprocess_exec(
        *command,
        env=kept | {"LLM_USER_PATH": str(home), "HOME": str(home)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await program.communicate(given.encode())
    assert program.returncode == 0, complained.decode()
    return said.decode()


async def test_every_provider_answers_it(home: Path) -> None:
    """Streamed, as it asks by itself."""
    prompt = case("text").prompt
    answers = await llm(home, *(("-m", backend.model, prompt) for backend in ASKED))
    assert dict(zip(ASKED, answers, strict=True)) == {backend: f"{backend.says('text')}\n" for backend in ASKED}


@pytest.mark.parametrize("backend", [b for b in SIMULATOR if b.provider in ("openai", "anthropic", "gemini", "ollama")])
async def test_llm_has_tools_schemas_pictures_and_counts(home: Path, tmp_path: Path, backend: Backend) -> None:
    picture = tmp_path / "red.png"
    picture.write_bytes(PNG)
    own = tmp_path / "logs.db"
    ask = ("-m", backend.model)
    whole, kept, called, seen = await llm(
        home,
        (*ask, "one two three", "--no-stream", "-d", str(own), "--log"),
        (*ask, "Where to?", "--schema", SCHEMA, "-n"),
        (*ask, "Please use a tool.", "--functions", TOOLS, "-n"),
        (*ask, "Look.", "-a", str(picture), "-n"),
    )
    assert whole == "You said: one two three\n"
    assert json.loads(kept) == {"city": "city 1", "days": 1}
    assert called == "The tools said: To city 1 in 1 days\n"
    assert seen == f"You said: Look. I saw 1 image: {len(PNG)} bytes.\n"
    with closing(sqlite3.connect(own)) as logs:
        assert logs.execute("SELECT input_tokens, output_tokens FROM turns").fetchall() == [(3, 5)]
