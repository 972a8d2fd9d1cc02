"""The command-line tool ``llm`` asks every provider through Turnout, with nothing but its own configuration."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml

from tests.e2e.backends import ECHO, SIMULATOR, Backend
from tests.e2e.stage import TEAM_KEY, Stage
from tests.support.aimock import case
from tests.support.process import PASSED_ON
from tests.support.sdks import PNG

COMMAND = Path(sys.executable).with_name("llm")
ASKED = (ECHO, *SIMULATOR)
SCHEMA = json.dumps({"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}})
TOOLS = "def find_train(city: str, days: int) -> str:\n    return f'To {city} in {days} days'\n"
AT_ONCE = asyncio.Semaphore(3)
"""A start of it takes a second."""


@pytest.fixture(scope="session")
async def home(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a user has it, in which Turnout's models are its own, with the database that its first run makes."""
    folder = tmp_path_factory.mktemp("llm")
    able = {"supports_schema": True, "supports_tools": True, "vision": True}
    models = [
        {"model_id": backend.model, "model_name": backend.model, "api_base": stage.turnout.openai_url, **able}
        for backend in ASKED
    ]
    keyed = [{**model, "api_key_name": "turnout"} for model in models]
    (folder / "extra-openai-models.yaml").write_text(yaml.safe_dump(keyed))
    (folder / "keys.json").write_text(json.dumps({"turnout": TEAM_KEY}))
    await run(folder, "-m", "echo", "Hello.")
    return folder


async def llm(home: Path, *arguments: str | Path) -> str:
    """What it says, in a copy of that folder.

    It logs in a transaction that reads before it writes. SQLite refuses that at once ("database is locked") when
    another run has written in between, so that runs at the same time can't have one database.
    """
    with TemporaryDirectory() as own:
        return await run(Path(shutil.copytree(home, own, dirs_exist_ok=True)), *arguments)


async def run(home: Path, *arguments: str | Path) -> str:
    """What it says; it has to end well."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    async with AT_ONCE:
        program = await asyncio.create_subprocess_exec(
            COMMAND,
            *arguments,
            env=kept | {"LLM_USER_PATH": str(home), "HOME": str(home)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await program.communicate()
    assert program.returncode == 0, complained.decode()
    return said.decode()


async def test_every_provider_answers_it(home: Path) -> None:
    """Streamed, as it asks by itself."""
    prompt = case("text").prompt
    said = await asyncio.gather(*(llm(home, "-m", backend.model, prompt) for backend in ASKED))
    assert dict(zip(ASKED, said, strict=True)) == {backend: f"{backend.says('text')}\n" for backend in ASKED}


@pytest.mark.parametrize("backend", [b for b in SIMULATOR if b.provider in ("openai", "anthropic", "gemini", "ollama")])
async def test_it_has_tools_schemas_pictures_and_counts(home: Path, tmp_path: Path, backend: Backend) -> None:
    picture = tmp_path / "red.png"
    picture.write_bytes(PNG)
    own = tmp_path / "logs.db"
    ask = ("-m", backend.model)
    whole, kept, called, seen = await asyncio.gather(
        llm(home, *ask, "one two three", "--no-stream", "-d", own, "--log"),
        llm(home, *ask, "Where to?", "--schema", SCHEMA, "-n"),
        llm(home, *ask, "Please use a tool.", "--functions", TOOLS, "-n"),
        llm(home, *ask, "Look.", "-a", picture, "-n"),
    )
    assert whole == "You said: one two three\n"
    assert json.loads(kept) == {"city": "city 1", "days": 1}
    assert called == "The tools said: To city 1 in 1 days\n"
    assert seen == f"You said: Look. I saw 1 image: {len(PNG)} bytes.\n"
    with closing(sqlite3.connect(own)) as logs:
        assert logs.execute("SELECT input_tokens, output_tokens FROM turns").fetchall() == [(3, 5)]
