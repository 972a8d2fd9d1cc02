"""Settings that work but are probably not intended. The log and ``turnout doctor`` show them, without secrets."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from turnout.config import ADMIN_VARIABLE
from turnout.config.addresses import is_loopback, names_user
from turnout.config.document import Document
from turnout.config.environment import Environment
from turnout.config.files import DeploymentEntry, Files, agent_entry, deployment_entries
from turnout.config.mistakes import KeyPath, below
from turnout.config.settings import AccessSettings
from turnout.config.token_settings import SECRET_VARIABLE, secret_advice, with_variables
from turnout.core import Secret
from turnout.errors import SHORTEST_SECRET
from turnout.providers import is_local

from .factory import DeploymentFactory
from .first_key import FILE_NAME
from .unserved import how_to_enable

SAFE_LENGTH: Final = 16
"""Characters. Nobody guesses a key of this length."""

_READABLE_BY_OTHERS: Final = stat.S_IRGRP | stat.S_IROTH
_GUESSABLE: Final = (
    f"shorter than {SAFE_LENGTH} characters, so it may be guessed. `openssl rand -hex 24` makes a good one"
)


def advice(files: Files, factory: DeploymentFactory, environment: Environment) -> Iterator[str]:
    yield from _empty_file(files.document)
    yield from _keys(files)
    admin = environment.value(ADMIN_VARIABLE)
    if admin and len(admin) < SAFE_LENGTH:
        yield f"environment variable {ADMIN_VARIABLE}: {_GUESSABLE}"
    yield from _own_addresses(factory)
    yield from _tokens(files, environment)
    yield from _keyless(files, factory)
    yield from _readable(files)


def _empty_file(document: Document) -> Iterator[str]:
    if document.name and document.data is None:
        yield f"{document.name}: is empty, so everything is as it is without a file"


def _tokens(files: Files, environment: Environment) -> Iterator[str]:
    jwt = files.settings.auth.jwt
    taken = with_variables(jwt, environment.value)
    if taken is not None and (weakness := secret_advice(taken)):
        if environment.value(SECRET_VARIABLE):
            yield f"environment variable {SECRET_VARIABLE}: {weakness}"
        else:
            yield str(files.document.mistake(("auth", "jwt", "secret"), weakness))
    if jwt is None or jwt.jwks_url is None:
        return
    address = urlsplit(jwt.jwks_url)
    if address.scheme == "http" and not is_loopback(address.hostname or ""):
        problem = "is read without TLS, so whoever is between can sign tokens. Use https:// outside of your own network"
        yield str(files.document.mistake(("auth", "jwt", "jwks_url"), problem))


def _keys(files: Files) -> Iterator[str]:
    for number, key in enumerate(files.settings.keys):
        if len(key.key.reveal()) < SAFE_LENGTH:
            yield str(files.document.mistake(("keys", number, "key"), _GUESSABLE))


def _own_addresses(factory: DeploymentFactory) -> Iterator[str]:
    for provider in factory.providers():
        setting = factory.access(provider).self_reference
        if setting and setting != provider.profile.base_url:
            yield how_to_enable(factory, provider)


def _keyless(files: Files, factory: DeploymentFactory) -> Iterator[str]:
    """Deployments without a key at an address that needs one."""
    for entry in _entries(files):
        settings = entry.settings
        provider = factory.known_provider(settings.provider)
        has_access = settings.api_key or settings.base_url or settings.headers
        if not (has_access or factory.is_usable(provider) or is_local(provider)):
            yield str(entry.document.mistake(entry.path, how_to_enable(factory, provider)))


def _readable(files: Files) -> Iterator[str]:
    """Files with secrets that other users of this machine can read."""
    names = dict.fromkeys(document.name for document, _ in _literal_secrets(files))
    paths = [*map(Path, names), Path(files.settings.data_dir) / FILE_NAME]
    for path in paths:
        if _others_can_read(path):
            alternative = "" if path.name == FILE_NAME else ", or write ${VARIABLE} in their place"
            yield f"{path}: holds secrets, and others on this machine may read it: chmod 600 {path}{alternative}"


def _others_can_read(path: Path) -> bool:
    try:
        return os.name == "posix" and bool(path.stat().st_mode & _READABLE_BY_OTHERS)
    except OSError:
        return False


def _literal_secrets(files: Files) -> Iterator[tuple[Document, KeyPath]]:
    """The places of secrets that are written without a variable. Short texts such as ``none`` are no secrets."""
    for document, path, secret in _secret_fields(files):
        if secret and len(secret.reveal()) >= SHORTEST_SECRET and document.variable(path) is None:
            yield document, path


def _secret_fields(files: Files) -> Iterator[tuple[Document, KeyPath, Secret | None]]:
    for number, key in enumerate(files.settings.keys):
        yield files.document, ("keys", number, "key"), key.key
    jwt = files.settings.auth.jwt
    if jwt is not None:
        yield files.document, ("auth", "jwt", "secret"), jwt.secret
    for name, provider in files.settings.providers.items():
        yield from _access_secrets(files.document, provider, below("providers", name))
    for entry in _entries(files):
        yield from _access_secrets(entry.document, entry.settings, entry.path_of)


def _access_secrets(
    document: Document, settings: AccessSettings, path_of: Callable[[str], KeyPath]
) -> Iterator[tuple[Document, KeyPath, Secret | None]]:
    yield document, path_of("api_key"), settings.api_key
    for field, address in (("base_url", settings.base_url), ("proxy", settings.proxy)):
        text = address.reveal() if isinstance(address, Secret) else address
        if text and names_user(text):
            yield document, path_of(field), Secret(text)


def _entries(files: Files) -> Iterator[DeploymentEntry]:
    for name, model in files.settings.models.items():
        yield from deployment_entries(name, model, files.document)
    for name, agent, document in files.agent_entries():
        yield agent_entry(name, agent, document)
