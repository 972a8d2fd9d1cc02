"""All checks of the doctor, in the order of the report."""

from __future__ import annotations

from collections.abc import Iterator

from turnout import dialects
from turnout.catalog import Catalog, CatalogState
from turnout.catalog.configured import Configured
from turnout.config import CommandLine
from turnout.errors import ConfigError
from turnout.plugins import MODULE_ATTRIBUTES, plugins

from .answers import Progress, ask_all_places
from .check import Check, Section
from .machine import machine_checks
from .models import model_checks
from .providers import provider_checks


async def examine(command_line: CommandLine, on_progress: Progress) -> list[Section]:
    try:
        dialects.registry()  # a catalog has the others' registries
        catalog = Catalog(command_line)
    except ConfigError as error:
        return [Section("Configuration", [Check("wrong", line) for line in error.message.splitlines()])]
    answers = await ask_all_places(catalog, on_progress)
    state = catalog.state()
    return [
        Section("Configuration", list(_configuration_checks(state, catalog.configured))),
        Section("Plug-ins", list(_plugin_checks())),
        Section("Providers", list(provider_checks(answers, state.discovery))),
        Section("Models", list(model_checks(catalog, answers))),
        Section("This machine", await machine_checks(catalog)),
    ]


def _configuration_checks(state: CatalogState, configured: Configured) -> Iterator[Check]:
    if state.files:
        yield Check("ok", f"read from {', '.join(state.files)}")
    else:
        yield Check("ok", "no file: what keys in the environment and local servers offer is served")
    if state.auth_required:
        yield _key_check(state, configured)
    for problem in state.problems:
        yield Check("wrong", problem)
    for advice in configured.advice:
        yield Check("note", advice)


def _key_check(state: CatalogState, configured: Configured) -> Check:
    if not state.keys and configured.settings.auth.jwt is not None:
        return Check("ok", "a token (JWT) is required: 'auth.jwt' says who may sign them")
    if not state.keys:
        return Check("note", "an API key is required and there is none: `turnout serve` makes a first admin key.")
    where = f", the first admin key in {configured.key_file}" if configured.key_file else ""
    return Check("ok", f"an API key is required; known: {state.keys}{where}")


def _plugin_checks() -> Iterator[Check]:
    for group, held in MODULE_ATTRIBUTES.items():
        for plugin in plugins(group):
            where = f"{plugin.package} {plugin.version}, entry point '{plugin.name}'"
            yield Check("ok", f"{held.lower()} of the package {where}")
