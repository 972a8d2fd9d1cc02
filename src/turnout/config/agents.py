"""The agents form of earlier systems: ``HOST_AGENT: {API_TYPE, API_BASE, API_VERSION, API_KEY, API_MODEL}``.

Each agent becomes a model of the same name with one deployment. Keys and ``API_TYPE`` can have upper or lower case.
"""

from __future__ import annotations

from typing import Final

import msgspec

from .document import Document, Mark
from .settings import AgentSettings, DeploymentSettings
from .words import Name

AGENT_KEYS: Final = {
    "provider": "API_TYPE",
    "model": "API_MODEL",
    "base_url": "API_BASE",
    "api_version": "API_VERSION",
    "api_key": "API_KEY",
}
"""The keys of this form, by the fields of a deployment."""


class AgentsFile(msgspec.Struct, frozen=True):
    """An agents file as the value of the key ``agents``, so that mistakes have the same path as in the main file."""

    agents: dict[Name, AgentSettings] = {}


def agents_document(document: Document) -> Document:
    """Puts the agents of a file that holds nothing else under the key ``agents``."""
    wrapped = document._replace(data={"agents": document.data or {}}, mark=Mark(1, {"agents": document.mark}))
    return with_upper_case_keys(wrapped)


def with_upper_case_keys(document: Document) -> Document:
    """The document with the keys of each agent in upper case. A document without agents stays as it is."""
    if not isinstance(document.data, dict) or not isinstance(agents := document.data.get("agents"), dict):
        return document
    marks = document.mark.inside["agents"]
    data = {**document.data, "agents": {name: _upper(agent) for name, agent in agents.items()}}
    inside = {name: _upper_marks(mark) for name, mark in marks.inside.items()}
    mark = document.mark._replace(inside={**document.mark.inside, "agents": marks._replace(inside=inside)})
    return document._replace(data=data, mark=mark)


def _upper(agent: object) -> object:
    return {key.upper(): value for key, value in agent.items()} if isinstance(agent, dict) else agent


def _upper_marks(mark: Mark) -> Mark:
    inside = {key.upper() if isinstance(key, str) else key: inner for key, inner in mark.inside.items()}
    return mark._replace(inside=inside)


def deployment_of(agent: AgentSettings) -> DeploymentSettings:
    return DeploymentSettings(
        provider=agent.api_type,
        model=agent.api_model,
        base_url=agent.api_base,
        api_key=agent.api_key,
        api_version=agent.api_version,
    )
