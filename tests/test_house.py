"""Guards of the project's structure: what no single room would notice."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
LONGEST_LINE_OF_A_PAGE = 120
ON_THE_WAY = (
    *("cache", "core", "dialects", "engine", "fitting", "guard", "ledger", "media", "providers", "routing"),
    *("server/inference", "steps", "telemetry", "tokens", "transport"),
)
"""Rooms that every request passes."""
WRITTEN_BY_PROGRAMS = ("docs/matrix.md", "bench/results/")
REGISTRIES = ("pypi.org", "pythonhosted.org", "npmjs.org", "npmjs.com", "yarnpkg.com")
MACHINE_PATHS = re.compile(r"(?<![\w.$}/-])/(?:home|root|Users|work|tmp)/\w")
PLACEHOLDERS = ("/home/you",)  # what an example in the docs may say


def committed() -> list[Path]:
    """Every text file that git knows."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in names.split("\0") if name]
    return [p for p in paths if p.is_file() and b"\0" not in p.read_bytes()[:1024] and p != Path(__file__)]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_has_grown_too_long() -> None:
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in SOURCES}
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


def test_no_function_has_grown_too_long() -> None:
    lengths = {
        f"{path.relative_to(ROOT)}:{f.lineno} {f.name}": (f.end_lineno or f.lineno) - f.lineno + 1
        for path in SOURCES
        for f in functions(path)
    }
    assert {name: n for name, n in lengths.items() if n > LONGEST_FUNCTION} == {}


def test_no_call_on_a_requests_way_passes_its_arguments_in_a_dict() -> None:
    """CPython makes a dict of the names and values of a call when values and twice the names are more than 30
    (``STACK_USE_GUIDELINE`` in its ``compile.c``). Such a call takes five times as long.
    """
    wide = [
        f"{path.relative_to(ROOT)}:{call.lineno} {ast.unparse(call.func)}"
        for room in ON_THE_WAY
        for path in sorted((ROOT / "src/turnout" / room).rglob("*.py"))
        for function in functions(path)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and len(call.args) + 2 * len(call.keywords) > 30
    ]
    assert wide == []


def prose(text: str) -> Iterator[str]:
    """The lines of a page that can be wrapped: no table, heading or code, and more than one word."""
    outside = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
    for line in outside.splitlines():
        words = re.sub(r"^(?:-|\d+\.) ", "", line.strip()).split()
        if len(words) > 1 and not line.startswith(("|", "#", "    ")):
            yield line


def test_pages_are_wrapped() -> None:
    """So that a diff of a page shows the sentence that has changed."""
    pages = {str(path.relative_to(ROOT)): path for path in committed() if path.suffix == ".md"}
    too_long = [
        (name, line)
        for name, page in pages.items()
        if not name.startswith(WRITTEN_BY_PROGRAMS)
        for line in prose(page.read_text())
        if len(line) > LONGEST_LINE_OF_A_PAGE
    ]
    assert too_long == []


def test_no_committed_file_names_a_registry() -> None:
    assert [(p.name, host) for p in committed() for host in REGISTRIES if host in p.read_text()] == []


def test_no_committed_file_names_a_path_of_one_machine() -> None:
    found = [
        (str(path.relative_to(ROOT)), line.strip())
        for path in committed()
        for line in path.read_text().splitlines()
        if MACHINE_PATHS.search(line) and not any(p in line for p in PLACEHOLDERS)
    ]
    assert found == []


def test_importing_the_package_is_light() -> None:
    """Neither the server, nor the database, nor the price book comes with ``import turnout``."""
    heavy = {"fastapi", "pydantic", "sqlalchemy", "genai_prices", "uvloop", "jwt", "cryptography"}
    source = "import sys, turnout; print(*sorted(m for m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout.split()
    assert heavy & set(loaded) == set()


def test_the_workflow_runs_what_ci_runs_here() -> None:
    """With the oldest and the newest Python that is supported."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    job = workflow["jobs"]["ci"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert ".ci/run" in [step.get("run") for step in job["steps"]]
    assert project["requires-python"] == f">={job['strategy']['matrix']['python'][0]}"


def test_hooks_before_a_commit_are_checks_that_exist() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    missing = [hook["id"] for hook in hooks if not (ROOT / hook["entry"].split()[0]).exists()]
    assert missing == []
