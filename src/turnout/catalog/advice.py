"""What works, but probably isn't meant: told at the start of a server, and by ``turnout doctor``. Never a secret."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from turnout.config import ADMIN_VARIABLE
from turnout.config.document import Document
from turnout.config.environment import Environment
from turnout.config.files import Entry, Files, agent_entry, entries
from turnout.config.mistakes import KeyPath
from turnout.core import Secret
from turnout.errors import SHORTEST_SECRET
from turnout.providers import is_local

from .factory import DeploymentFactory
from .first_key import FILE_NAME
from .unserved import how_to_open

SAFE_LENGTH: Final = 16
"""Characters of a key that nobody guesses."""

_OTHERS: Final = stat.S_IRGRP | stat.S_IROTH
_GUESSED: Final = (
    f"shorter than {SAFE_LENGTH} characters, so it may be guessed. `openssl rand -hex 24` makes a good one"
)


def advice(files: Files, factory: DeploymentFactory, environment: Environment) -> Iterator[str]:
    yield from _empty_file(files.document)
    yield from _keys(files)
    admin = environment.value(ADMIN_VARIABLE)
    if admin and len(admin) < SAFE_LENGTH:
        yield f"environment variable {ADMIN_VARIABLE}: {_GUESSED}"
    yield from _own_addresses(factory)
    yield from _keyless(files, factory)
    yield from _readable(files)


def _empty_file(document: Document) -> Iterator[str]:
    if document.name and document.data is None:
        yield f"{document.name}: is empty, so everything is as it is without a file"


def _keys(files: Files) -> Iterator[str]:
    keys = files.settings.keys
    for number, key in enumerate(keys):
        if len(key.key.reveal()) < SAFE_LENGTH:
            yield str(files.document.mistake(("keys", number, "key"), _GUESSED))
    idle = sum(key.budget_usd is not None or key.tier != "" for key in keys)
    if idle:
        count = "1 key has" if idle == 1 else f"{idle} keys have"
        yield f"{count} 'budget_usd' or 'tier': they are read, but limit nothing yet"


def _own_addresses(factory: DeploymentFactory) -> Iterator[str]:
    for provider in factory.providers():
        own = factory.access(provider).own
        if own and own != provider.profile.base_url:
            yield how_to_open(factory, provider)


def _keyless(files: Files, factory: DeploymentFactory) -> Iterator[str]:
    """Deployments at a provider's own address that will be refused there."""
    for entry in _entries(files):
        provider, said = factory.known_provider(entry.said.provider), entry.said
        if said.api_key or said.base_url or said.headers or factory.is_open(provider) or is_local(provider):
            continue
        yield str(entry.document.mistake(entry.path, how_to_open(factory, provider)))


def _readable(files: Files) -> Iterator[str]:
    """Files with secrets that other people on this machine may read."""
    literal = {document.name: document for document, _ in _secrets(files)}
    paths = [Path(name) for name in literal] + [Path(files.settings.data_dir) / FILE_NAME]
    for path in paths:
        if _others_may_read(path):
            cure = "" if path.name == FILE_NAME else ", or write ${VARIABLE} in their place"
            yield f"{path}: holds secrets, and others on this machine may read it: chmod 600 {path}{cure}"


def _others_may_read(path: Path) -> bool:
    try:
        return os.name == "posix" and bool(path.stat().st_mode & _OTHERS)
    except OSError:
        return False


def _secrets(files: Files) -> Iterator[tuple[Document, KeyPath]]:
    """Where one is written as it is, and not as a variable. What is too short to be one (``none``) isn't."""
    for document, path, secret in _written(files):
        if secret and len(secret.reveal()) >= SHORTEST_SECRET and document.variable(path) is None:
            yield document, path


def _written(files: Files) -> Iterator[tuple[Document, KeyPath, Secret | None]]:
    for number, key in enumerate(files.settings.keys):
        yield files.document, ("keys", number, "key"), key.key
    for name, said in files.settings.providers.items():
        yield files.document, ("providers", name, "api_key"), said.api_key
    for entry in _entries(files):
        yield entry.document, entry.place("api_key"), entry.said.api_key


def _entries(files: Files) -> Iterator[Entry]:
    for name, model in files.settings.models.items():
        yield from entries(name, model, files.document)
    for name, agent, document in files.agent_places():
        yield agent_entry(name, agent, document)
