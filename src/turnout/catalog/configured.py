"""What the files ask for: models, aliases and keys, before discovery adds its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import structs

from turnout.config import ADMIN_VARIABLE, CommandLine, Settings
from turnout.config.addresses import is_loopback
from turnout.config.environment import Environment
from turnout.config.files import Entry, Files, agent_entry, entries, read_files
from turnout.config.mistakes import Mistake, raise_any
from turnout.config.settings import KeySettings, ModelSettings
from turnout.core import Deployment, Key, Model
from turnout.core.money import PICO_PER_USD
from turnout.errors import SHORTEST_SECRET, ConfigError
from turnout.providers import Provider

from .advice import advice
from .checks import Checker, key_id
from .factory import DeploymentFactory
from .first_key import FILE_NAME, first_key
from .machine import most_workers


class Configured(msgspec.Struct, frozen=True, kw_only=True):
    """Deployments have no ids yet. ``key_file`` has the first admin key, where there is no other; ``advice`` is for
    operators. ``missing`` pairs names that wait for discovery with where they are used; ``places``
    says of every name where it is written. ``address_variables`` are those that say where to listen.
    """

    settings: Settings
    factory: DeploymentFactory
    models: Mapping[str, Model]
    aliases: Mapping[str, str]
    keys: Mapping[bytes, Key]
    auth_required: bool
    key_file: Path | None
    advice: tuple[str, ...]
    missing: tuple[tuple[str, Mistake], ...]
    places: Mapping[str, str]
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
    settings, advised = _bearable(files.settings)
    keys = _keys(settings.keys, environment)
    auth_required = _auth_required(settings)
    folder = Path(settings.data_dir)
    first = first_key(folder, make=command_line.make_first_key) if auth_required and not keys else None
    return Configured(
        settings=settings,
        factory=factory,
        models={model.name: model for model in _models(files, factory)},
        aliases=settings.aliases,
        keys=keys if first is None else {first.digest: first},
        auth_required=auth_required,
        key_file=None if first is None else folder / FILE_NAME,
        advice=(*advised, *advice(files, factory, environment)),
        missing=tuple(checker.missing()),
        places=dict(checker.places()),
        address_variables=environment.of_address(command_line),
    )


def _bearable(settings: Settings) -> tuple[Settings, Sequence[str]]:
    """With as many workers as the machine bears, and a word about it: too many stop it for everybody."""
    most, wanted = most_workers(), settings.server.workers
    if wanted <= most:
        return settings, ()
    told = f"{wanted} workers are more than this machine bears: {most} are started"
    return structs.replace(settings, server=structs.replace(settings.server, workers=most)), (told,)


def _provider_key_variables(files: Files, providers: Mapping[str, Provider]) -> dict[str, str]:
    """By provider, the variable that its ``api_key`` in the file came from."""
    found = {name.lower(): files.document.variable(("providers", name, "api_key")) for name in files.settings.providers}
    return {providers[name].name: variable for name, variable in found.items() if variable and name in providers}


def _models(files: Files, factory: DeploymentFactory) -> Iterator[Model]:
    for name, said in files.settings.models.items():
        shared = said if isinstance(said, ModelSettings) else None
        yield Model(
            name=name,
            deployments=tuple(_deployment(factory, entry, shared) for entry in entries(name, said, files.document)),
            policy=shared.policy if shared else "order",
            fallbacks=tuple(shared.fallbacks) if shared else (),
        )
    for name, agent, document in files.agent_places():
        yield Model(name=name, deployments=(_deployment(factory, agent_entry(name, agent, document), None),))


def _deployment(factory: DeploymentFactory, entry: Entry, shared: ModelSettings | None) -> Deployment:
    provider = factory.known_provider(entry.said.provider)
    return factory.make(provider, entry.said, shared, entry.document.variable(entry.place("api_key")))


def _keys(said: Sequence[KeySettings], environment: Environment) -> dict[bytes, Key]:
    """By digest; with the one of the environment, which may administer and nothing else sets apart."""
    keys = {key.digest: key for key in _said_keys(said)}
    if secret := environment.value(ADMIN_VARIABLE):
        if len(secret) < SHORTEST_SECRET:
            raise ConfigError(f"environment variable {ADMIN_VARIABLE}: expected at least {SHORTEST_SECRET} characters")
        digest = sha256(secret.encode()).digest()
        keys[digest] = structs.replace(keys.get(digest, Key(id=ADMIN_VARIABLE, digest=digest)), admin=True)
    return keys


def _said_keys(keys: Sequence[KeySettings]) -> Iterator[Key]:
    for number, key in enumerate(keys):
        yield Key(
            id=key_id(key, number),
            digest=sha256(key.key.reveal().encode()).digest(),
            user=key.user,
            tier=key.tier,
            budget=None if key.budget_usd is None else int(Decimal(repr(key.budget_usd)) * PICO_PER_USD),
            models=tuple(key.models),
            admin=key.admin,
        )


def _auth_required(settings: Settings) -> bool:
    if settings.auth.required is not None:
        return settings.auth.required
    return bool(settings.keys) or not is_loopback(settings.server.host)
