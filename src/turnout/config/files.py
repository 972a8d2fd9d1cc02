"""Reads the configuration files into typed settings. ``turnout.catalog.checks`` checks what the settings refer to."""

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


class DeploymentEntry(msgspec.Struct, frozen=True):
    """One deployment, and where it is written. ``key_names`` has the keys of its fields that have another name there.

    ``is_short``: it is written as ``provider/upstream-model``.
    """

    settings: DeploymentSettings
    document: Document
    path: KeyPath
    key_names: Mapping[str, str] = {}
    is_short: bool = False

    def path_of(self, field: str) -> KeyPath:
        """The path of ``field``. In the short form, the path of the whole text."""
        return self.path if self.is_short else (*self.path, self.key_names.get(field, field))


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """``settings`` includes environment and command line. ``agents`` are those of the agents file."""

    settings: Settings
    document: Document
    agents: Mapping[str, AgentSettings]
    agents_document: Document

    def agent_entries(self) -> Iterator[tuple[str, AgentSettings, Document]]:
        """Each agent of both files: its name, its settings and its file."""
        for name, agent in self.settings.agents.items():
            yield name, agent, self.document
        for name, agent in self.agents.items():
            yield name, agent, self.agents_document


def read_files(command_line: CommandLine, environment: Environment) -> Files:
    """Raises ``ConfigError``. The default configuration file can be missing."""
    path, is_named = environment.config_file(command_line)
    document = read_document(path, environment.variables) if is_named or path.exists() else EMPTY
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
    """The files that are read, existing or not."""
    path, _ = environment.config_file(command_line)
    return [path] if command_line.agents is None else [path, command_line.agents]


def deployment_entries(name: str, model: str | ModelSettings, document: Document) -> Iterator[DeploymentEntry]:
    """The deployments of a model, in the short or the long form."""
    if isinstance(model, str):
        yield _entry(model, document, ("models", name))
        return
    for number, deployment in enumerate(model.deployments):
        yield _entry(deployment, document, ("models", name, "deployments", number))


def agent_entry(name: str, agent: AgentSettings, document: Document) -> DeploymentEntry:
    return DeploymentEntry(deployment_of(agent), document, ("agents", name), AGENT_KEYS)


def _entry(deployment: str | DeploymentSettings, document: Document, path: KeyPath) -> DeploymentEntry:
    if isinstance(deployment, DeploymentSettings):
        return DeploymentEntry(deployment, document, path)
    provider, _, model = deployment.partition("/")
    return DeploymentEntry(DeploymentSettings(provider=provider, model=model), document, path, is_short=True)
