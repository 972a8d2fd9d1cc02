"""The configuration as its files say it: read, checked against the form, not yet against the rest of the product."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from .agents import AGENT_KEYS, AgentsFile, agents_document, deployment_of, with_upper_case_keys
from .document import Document, Mark, read_document
from .environment import CommandLine, Environment, effective
from .mistakes import KeyPath
from .settings import AgentSettings, DeploymentSettings, ModelSettings, Settings
from .validation import convert

EMPTY = Document("", None, Mark(0))


class Entry(msgspec.Struct, frozen=True):
    """One deployment as it was written, and where. ``keys`` are the form's own words for its fields."""

    said: DeploymentSettings
    document: Document
    path: KeyPath
    keys: Mapping[str, str] = {}
    short: bool = False

    def place(self, field: str) -> KeyPath:
        """Where ``field`` is written; the whole of it, in the short form."""
        return self.path if self.short else (*self.path, self.keys.get(field, field))


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """``settings`` already has environment and command line on top. ``agents`` are those of the agents file."""

    settings: Settings
    document: Document
    agents: Mapping[str, AgentSettings]
    agents_document: Document

    def agent_places(self) -> Iterator[tuple[str, AgentSettings, Document]]:
        for name, agent in self.settings.agents.items():
            yield name, agent, self.document
        for name, agent in self.agents.items():
            yield name, agent, self.agents_document


def read_files(command_line: CommandLine, environment: Environment) -> Files:
    """Raises ``ConfigError``. A configuration file that nobody named need not be there."""
    path, named = environment.config_file(command_line)
    document = read_document(path, environment.variables) if named or path.exists() else EMPTY
    document = with_upper_case_keys(document)
    settings = effective(convert(document, Settings), environment, command_line)
    agents = EMPTY
    if command_line.agents is not None:
        agents = agents_document(read_document(command_line.agents, environment.variables))
    return Files(
        settings=settings,
        document=document,
        agents=convert(agents, AgentsFile).agents,
        agents_document=agents,
    )


def paths_of(command_line: CommandLine, environment: Environment) -> list[Path]:
    """The files that are read, whether they are there or not."""
    path, _ = environment.config_file(command_line)
    return [path] if command_line.agents is None else [path, command_line.agents]


def entries(name: str, model: str | ModelSettings, document: Document) -> Iterator[Entry]:
    """The deployments of a model, as they are written in either form."""
    if isinstance(model, str):
        yield _entry(model, document, ("models", name))
        return
    for number, said in enumerate(model.deployments):
        yield _entry(said, document, ("models", name, "deployments", number))


def agent_entry(name: str, agent: AgentSettings, document: Document) -> Entry:
    return Entry(deployment_of(agent), document, ("agents", name), AGENT_KEYS)


def _entry(said: str | DeploymentSettings, document: Document, path: KeyPath) -> Entry:
    if isinstance(said, DeploymentSettings):
        return Entry(said, document, path)
    provider, _, model = said.partition("/")
    return Entry(DeploymentSettings(provider=provider, model=model), document, path, short=True)
