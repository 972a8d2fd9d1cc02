"""The docs say what the code does, and their examples run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.support.turnout_server import StartTurnout, TurnoutServer
from turnout.core import Defaults
from turnout.fitting.meaning import MEANING
from turnout.providers import registry

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PROVIDERS = (ROOT / "docs/providers.md").read_text()
DIALECTS = (ROOT / "docs/dialects.md").read_text()
MEDIA = (ROOT / "docs/media.md").read_text()
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
ROWS = {
    name: row
    for row in PROVIDERS.splitlines()
    if row.startswith("| `")
    for name in re.findall(r"`([^`]+)`", row.split("|")[1])
}
ADDRESS = "http://127.0.0.1:8003"


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def said(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.fixture(scope="module")
def server(start_shared_turnout: StartTurnout) -> TurnoutServer:
    """As a first start is: no configuration at all."""
    return start_shared_turnout({})


def test_the_readmes_curl_works_as_pasted(server: TurnoutServer) -> None:
    (command,) = [block for block in blocks(README, "sh") if block.startswith("curl")]
    assert '"content":"Hello, Turnout"' in said(["bash", "-c", command.replace(ADDRESS, server.url)])


@pytest.mark.parametrize("number", range(len(blocks(README, "python"))))
def test_the_readmes_python_works_as_pasted(number: int, server: TurnoutServer) -> None:
    code = blocks(README, "python")[number].replace(ADDRESS, server.url)
    assert said([sys.executable, "-c", code]).strip() == "Hello, Turnout"


def test_the_readmes_configuration_is_valid(start_turnout: StartTurnout) -> None:
    (text,) = blocks(README, "yaml")
    keys = {"OPENAI_API_KEY": "sk-1", "TEAM_KEY": "tk-team-0123456789"}  # those that it says have to be set
    unreachable = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}
    served = start_turnout(text, env=keys | unreachable)
    listed = ["curl", "-sf", f"{served.openai_url}/models", "-H", "authorization: Bearer tk-team-0123456789"]
    names = {row["id"] for row in yaml.safe_load(said(listed))["data"]}
    assert names == {"fast", "local"}


LOCAL_PORTS = {str(urlsplit(provider.profile.base_url).port) for provider in registry().values()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_turnouts_port_is_the_same_everywhere(page: Path) -> None:
    """Others are a provider's own, in a line that names it, or the simulator's."""
    for line in page.read_text().splitlines():
        for port in re.findall(r"(?:localhost|127\.0\.0\.1):(\d+)", line):
            named = re.search(r"vllm|ollama|llama", line, re.IGNORECASE)
            assert port in {"8003", "9001"} or (port in LOCAL_PORTS and named), line


def shown(value: float | None) -> str:
    return "-" if value is None else str(value)


def defaults_of(defaults: Defaults) -> str:
    return " · ".join(shown(value) for value in (defaults.max_tokens, defaults.temperature, defaults.top_p))


@pytest.mark.parametrize("name", sorted(registry()))
def test_every_provider_has_its_row(name: str) -> None:
    """docs/providers.md gives each provider's address, variables and defaults as they are."""
    provider = registry()[name]
    profile, row = provider.profile, ROWS[name]
    for text in (profile.base_url, *profile.url_variables, *profile.key_variables, profile.key_prefix):
        assert text in row
    assert defaults_of(profile.defaults) in row
    assert f"{profile.first_token:g} s" in row
    assert re.findall(r"`([^`]+)`", row.split("|")[1]) == [provider.name, *profile.aliases]


@pytest.mark.parametrize("name", sorted({provider.name for provider in registry().values()} - {"echo"}))
def test_the_images_that_every_provider_takes(name: str) -> None:
    """docs/media.md has a table of them. Bytes are in MB or MiB."""
    limits = registry()[name].profile.images
    assert limits is not None
    (row,) = [row for row in MEDIA.splitlines() if row.startswith("| `") and f"`{name}`" in row.split("|")[1]]
    edge, size, number, formats = [cell.strip() for cell in row.split("|")[2:6]]
    amount, unit = (*size.split(), "", "")[:2]
    assert edge == shown_number(limits.long_edge)
    assert (float(amount) * {"MB": 1e6, "MiB": 1024 * 1024}[unit] if size else None) == limits.bytes
    assert number == shown_number(limits.number)
    assert {f"image/{form.lower()}" for form in formats.split(", ")} == limits.formats


def shown_number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def test_every_field_that_is_refused_is_documented() -> None:
    """All others are left out, and named in the reply."""
    names = {name for fields in MEANING.values() for name in fields}
    assert sorted(name for name in names if f"`{name}`" not in DIALECTS) == []


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    """No page links to a file that isn't there."""
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def anchors(page: Path) -> set[str]:
    """Those that GitHub gives to the headings of a page."""
    outside = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", outside, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_to_headings_lead_to_one(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]*)#([^)]+)\)", page.read_text())
    assert [link for link in links if link[1] not in anchors(page.parent / link[0] if link[0] else page)] == []


GUIDES = ("CONTRIBUTING.md", "docs/architecture.md")
ROOMS = ROOT / "src" / "turnout"
SOURCES = "\n".join(path.read_text() for path in ROOMS.rglob("*.py"))
PATH = re.compile(r"[\w.-]*(?:/[\w.-]+)*(?:/|\.(?:py|md|toml))|\.[\w-]+(?:/[\w-]+)*")
MADE_HERE = (".venv/", ".cache/")  # by make, so they are in no fresh checkout
NAME = re.compile(r"(?:\w+\.)?_?[A-Z]\w+|(?:\w+\.)?\w*_\w+")  # a class, a constant, a function of two words


def code_in(guide: str) -> list[str]:
    """What a guide shows in backticks within its sentences and tables."""
    text = re.sub(r"^```.*?^```$", "", (ROOT / guide).read_text(), flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"`([^`]+)`", text)


@pytest.mark.parametrize("guide", GUIDES)
def test_every_path_in_a_guide_exists(guide: str) -> None:
    """From the root of the repository, or from the rooms."""
    paths = [code for code in code_in(guide) if PATH.fullmatch(code) and not code.startswith(MADE_HERE)]
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).exists() and not (ROOMS / path).exists()] == []


@pytest.mark.parametrize("guide", GUIDES)
def test_every_name_in_a_guide_exists(guide: str) -> None:
    names = {code.rpartition(".")[2] for code in code_in(guide) if NAME.fullmatch(code)}
    assert len(names) > 5
    assert [name for name in names if not re.search(rf"\b{name}\b", SOURCES) and not (ROOMS / name).exists()] == []


def test_the_map_of_the_rooms_has_them_all() -> None:
    """The first column of the tree in docs/architecture.md."""
    (tree,) = re.findall(
        r"^```\nsrc/turnout/\n(.*?)^```", (ROOT / "docs/architecture.md").read_text(), re.DOTALL | re.MULTILINE
    )
    named = set(re.findall(r"^  ([\w.]+)", tree, re.MULTILINE))
    folders = {path.parent.name for path in ROOMS.glob("*/__init__.py")}
    assert folders <= named <= {path.name for path in ROOMS.iterdir()}
