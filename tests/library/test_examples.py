"""Every program in examples/ runs as it stands: with nothing, or with the simulator in its provider's place."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.library.support import BASES, written
from tests.support.simulator import Simulator
from tests.support.turnout_server import NOBODY

FOLDER = Path(__file__).parents[2] / "examples"
EXAMPLES = sorted(path.name for path in FOLDER.glob("*.py"))
SAYS = {
    "base_model.py": "Turnout Hello, \n-- backwards/backwards, ",
    "echo_worker.py": "Hello, Turnout",
    "gemini_worker.py": "You said: What is in this image? I saw 1 image: 70 bytes.",
    "library_chat.py": "> What is my name?\nWhat is my name?",
    "library_sync.py": "Hello, Turnout",
    "library_tools.py": 'calls weather({"town":"town 1"})\nThe tools said: town 1: 21 °C, light wind',
    "llamacpp_worker.py": "You said: Count to ten.",
    "model_provider.py": "loud: HELLO, TURNOUT\nquiet: hello, turnout\n-- house can do chat, completion, embedding",
    "model_worker.py": "H-e-l-l-o-, T-u-r-n-o-u-t\n-- spelling/spelling, ",
    "vllm_worker.py": "You said: Which country is Lisbon in?",
}
MISSING = {
    "anthropic_worker.py": "Set ANTHROPIC_API_KEY",
    "azure_worker.py": "Set AZURE_OPENAI_DEPLOYMENT",
    "custom_worker.py": "the environment variable CUSTOM_URL is not set",
    "gemini_worker.py": "Set GEMINI_API_KEY",
    "library_tools.py": "Set OPENAI_API_KEY",
    "llamacpp_worker.py": "llama-server -m model.gguf",
    "ollama_worker.py": "ollama serve",
    "openai_worker.py": "Set OPENAI_API_KEY",
    "vllm_worker.py": "vllm serve",
    "a picture that isn't there": "No such file or directory: 'missing.png'",
}
"""What each says when it is run with nothing."""

NEEDS_NOTHING = (
    "base_model.py",
    "echo_worker.py",
    "fallback_chain.py",
    "library_chat.py",
    "library_sync.py",
    "model_provider.py",
    "model_worker.py",
)
USED_UP = {"fallback_chain.py": "Why is the sky blue?\n-- echo/echo answered at attempt"}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all: its database is made once."""
    return tmp_path_factory.mktemp("data")


def started(name: str, data_dir: Path, environ: dict[str, str], *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, FOLDER / name, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TURNOUT_DATA_DIR": str(data_dir)} | environ,
    )


def run(name: str, data_dir: Path, environ: dict[str, str]) -> str:
    """Its output; it must end well and complain of nothing."""
    program = started(name, data_dir, environ)
    output, complaint = program.communicate(timeout=30)
    assert (program.returncode, complaint) == (0, "")
    assert re.search(r"^-- ", output, re.MULTILINE)
    return output


def with_simulator(root: str) -> dict[str, str]:
    """Every provider's address and key. Gemini has no variable for an address, so a file says it."""
    gemini = yaml.safe_dump({"providers": {"gemini": {"base_url": f"{root}{BASES['gemini']}"}}})
    return {
        "TURNOUT_CONFIG": written("gemini.yaml", gemini),
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": f"{root}{BASES['openai']}",
        "ANTHROPIC_API_KEY": "sk-ant-test",
        "ANTHROPIC_BASE_URL": root,
        "GEMINI_API_KEY": "test",
        "AZURE_OPENAI_API_KEY": "test",
        "AZURE_OPENAI_ENDPOINT": root,
        "AZURE_OPENAI_DEPLOYMENT": "mine",
        "OLLAMA_URL": root,
        "LLAMA_CPP_URL": f"{root}{BASES['llamacpp']}",
        "VLLM_URL": f"{root}{BASES['vllm']}",
        "CUSTOM_URL": f"{root}{BASES['openai']}",
    }


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in NEEDS_NOTHING])
def test_examples_run_with_the_simulator(simulator: Simulator, data_dir: Path, name: str) -> None:
    output = run(name, data_dir, with_simulator(simulator.root))
    assert output.startswith(SAYS.get(name, "You said: Why is the sky blue?"))


@pytest.mark.parametrize("name", NEEDS_NOTHING)
def test_examples_that_need_nothing_run(data_dir: Path, name: str) -> None:
    assert (USED_UP.get(name) or SAYS[name]) in run(name, data_dir, {"OPENAI_BASE_URL": NOBODY})


def test_examples_say_in_a_sentence_what_is_missing(data_dir: Path) -> None:
    """Without keys and servers: which variable, which command; and an exit status that scripts notice."""
    programs = {name: started(name, data_dir, {}) for name in EXAMPLES if name not in NEEDS_NOTHING}
    programs["a picture that isn't there"] = started("gemini_worker.py", data_dir, {}, "missing.png")
    for name, program in programs.items():
        output, complaint = program.communicate(timeout=60)
        assert (program.returncode, output) == (1, ""), name
        assert MISSING[name] in complaint
        assert complaint.count("\n") == 1, complaint


def test_the_fallback_chain_stops_at_the_first_that_answers(simulator: Simulator, data_dir: Path) -> None:
    output = run("fallback_chain.py", data_dir, {"OLLAMA_URL": simulator.root})
    assert output == "You said: Why is the sky blue?\n-- ollama/llama3.2 answered at attempt 1\n"


def test_the_page_lists_every_example_and_what_it_needs() -> None:
    rows = dict(re.findall(r"^\| \[(\S+\.py)\]\(\1\) \| ([^|]+) \|", (FOLDER / "README.md").read_text(), re.MULTILINE))
    assert sorted(rows) == EXAMPLES
    assert {name for name, needs in rows.items() if needs.startswith("nothing")} == set(NEEDS_NOTHING)


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_says_how_it_is_run(name: str) -> None:
    assert f"python examples/{name}" in (FOLDER / name).read_text().split('"""')[1]
