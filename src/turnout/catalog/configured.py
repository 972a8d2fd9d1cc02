"""The models, aliases and keys that the files define. Discovery adds its own later."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import structs

from turnout.config import ADMIN_VARIABLE, CommandLine, Settings
from turnout.config.addresses import is_loopback
from turnout.config.allowances import allowance_of
from turnout.config.environment import Environment
from turnout.config.expiry import expires_at
from turnout.config.files import DeploymentEntry, Files, agent_entry, deployment_entries, read_files
from turnout.config.mistakes import Mistake, raise_any
from turnout.config.settings import KeySettings, ModelSettings
from turnout.core import Deployment, Key, Model, Rules
from turnout.errors import SHORTEST_SECRET, ConfigError
from turnout.providers import Provider

from .advice import advice
from .checks import Checker, key_id
from .factory import DeploymentFactory
from .first_key import FILE_NAME, first_key
from .machine import max_workers
from .rules import rules_of


class Configured(msgspec.Struct, frozen=True, kw_only=True):
    """Deployments have no ids yet. ``advice`` is for operators.

    ``key_file`` holds the first admin key; None when the operator has given keys. ``unresolved`` are names that only
    discovery can bring, each with the mistake to report while it hasn't. ``locations`` says where each name is
    written: ``turnout.yaml:3: models.fast``. ``address_variables`` are the variables that say where to listen.
    """

    settings: Settings
    factory: DeploymentFactory
    models: Mapping[str, Model]
    aliases: Mapping[str, str]
    keys: Mapping[bytes, Key]
    rules: Rules
    auth_required: bool
    key_file: Path | None
    advice: tuple[str, ...]
    unresolved: tuple[tuple[str, Mistake], ...]
    locations: Mapping[str, str]
    address_variables: frozenset[str]


def configure(
    command_line: CommandLine,
    environment: Environment,
    providers: Mapping[str, Provider],
    policies: Collection[str],
) -> Configured:
    """Reads and checks the files. Raises ``ConfigError``."""
    files = read_files(command_line, environment)
    factory = DeploymentFactory(files.settings, environment, providers, _provider_key_variables(files, providers))
    for provider in factory.providers():
        factory.access(provider)  # raises for a variable that holds no address
    checker = Checker(files, factory, providers, policies)
    raise_any(list(checker.mistakes()))
    settings, worker_advice = _with_workers_bounded(files.settings)
    keys = _keys(settings.keys, environment)
    auth_required = _auth_required(settings)
    folder = Path(settings.data_dir)
    nobody_may = auth_required and not keys and settings.auth.jwt is None
    first = first_key(folder, make=command_line.make_first_key) if nobody_may else None
    return Configured(
        settings=settings,
        factory=factory,
        models={model.name: model for model in _models(files, factory)},
        aliases=settings.aliases,
        keys=keys if first is None else {first.digest: first},
        rules=rules_of(settings, environment),
        auth_required=auth_required,
        key_file=None if first is None else folder / FILE_NAME,
        advice=(*worker_advice, *advice(files, factory, environment)),
        unresolved=tuple(checker.unresolved()),
        locations=dict(checker.locations()),
        address_variables=environment.listen_variables(command_line),
    )


def _with_workers_bounded(settings: Settings) -> tuple[Settings, Sequence[str]]:
    """The settings with as many workers as the machine can run, and advice where that is fewer than configured."""
    bound, workers = max_workers(), settings.server.workers
    if workers <= bound:
        return settings, ()
    warning = f"{workers} workers are more than this machine bears: {bound} are started"
    return structs.replace(settings, server=structs.replace(settings.server, workers=bound)), (warning,)


def _provider_key_variables(files: Files, providers: Mapping[str, Provider]) -> dict[str, str]:
    """The environment variable that the file's ``api_key`` of each provider came from, by the provider's name."""
    variables = {
        name.lower(): files.document.variable(("providers", name, "api_key")) for name in files.settings.providers
    }
    return {providers[name].name: variable for name, variable in variables.items() if variable and name in providers}


def _models(files: Files, factory: DeploymentFactory) -> Iterator[Model]:
    for name, settings in files.settings.models.items():
        shared = settings if isinstance(settings, ModelSettings) else None
        entries = deployment_entries(name, settings, files.document)
        yield factory.model(name, (_deployment(factory, entry, shared) for entry in entries), shared)
    for name, agent, document in files.agent_entries():
        yield factory.model(name, (_deployment(factory, agent_entry(name, agent, document), None),))


def _deployment(factory: DeploymentFactory, entry: DeploymentEntry, shared: ModelSettings | None) -> Deployment:
    provider = factory.known_provider(entry.settings.provider)
    return factory.make(provider, entry.settings, shared, entry.document.variable(entry.path_of("api_key")))


def _keys(settings: Sequence[KeySettings], environment: Environment) -> dict[bytes, Key]:
    """The file's keys and the environment's admin key, by digest."""
    keys = {key.digest: key for key in _file_keys(settings)}
    if secret := environment.value(ADMIN_VARIABLE):
        if len(secret) < SHORTEST_SECRET:
            raise ConfigError(f"environment variable {ADMIN_VARIABLE}: expected at least {SHORTEST_SECRET} characters")
        digest = sha256(secret.encode()).digest()
        keys[digest] = structs.replace(keys.get(digest, Key(id=ADMIN_VARIABLE, digest=digest)), admin=True)
    return keys


def _file_keys(settings: Sequence[KeySettings]) -> Iterator[Key]:
    for number, key in enumerate(settings):
        yield Key(
            id=key_id(key, number),
            digest=sha256(key.key.reveal().encode()).digest(),
            user=key.user,
            team=key.team,
            tier=key.tier,
            expires=None if key.expires is None else expires_at(key.expires),
            allowance=allowance_of(key),
            needs_tags=frozenset(key.needs_tags),
            admin=key.admin,
            auditor=key.auditor,
            strict=key.strict,
            trusted=key.trusted,
            tags=frozenset(key.tags),
            metadata=key.metadata,
        )


def _auth_required(settings: Settings) -> bool:
    if settings.auth.required is not None:
        return settings.auth.required
    return bool(settings.keys) or settings.auth.jwt is not None or not is_loopback(settings.server.host)
