"""What environment variables and the command line say. One rule: command line, environment, file, defaults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from msgspec import structs

from turnout.core import Secret
from turnout.errors import ConfigError
from turnout.providers import Profile

from .settings import Folder, Host, LogFormat, LogLevel, LogSettings, Port, ServerSettings, Settings
from .validation import convert_text, expected

Section = TypeVar("Section", ServerSettings, LogSettings)

DEFAULT_FILE: Final = "turnout.yaml"
ADMIN_VARIABLE: Final = "TURNOUT_ADMIN_KEY"
_TRUE: Final = frozenset({"1", "true", "yes", "on"})


class CommandLine(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``turnout serve`` and its kin that set what a file or a variable could set too."""

    config: Path | None = None
    agents: Path | None = None
    host: str | None = None
    port: int | None = None
    workers: int | None = None
    log_level: LogLevel | None = None
    log_format: LogFormat | None = None
    data_dir: str | None = None


class Extras(NamedTuple):
    """Variables that only one provider has: its API version, the deployment it serves, headers."""

    version: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    headers: Mapping[str, str] = {}


EXTRAS: Final[Mapping[str, Extras]] = {
    "azure": Extras(
        version=("AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION"),
        model=("AZURE_OPENAI_DEPLOYMENT",),
    ),
    "openai": Extras(headers={"OPENAI_ORGANIZATION": "OpenAI-Organization"}),
}
"""By provider; ``headers`` maps a variable to the header it fills."""


class Environment:
    """Variables by name; one that is set to nothing counts as not set."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables

    def first(self, names: tuple[str, ...]) -> tuple[str, str] | None:
        """The name and value of the first variable that is set."""
        return next(((name, value) for name in names if (value := self.variables.get(name, "").strip())), None)

    def value(self, *names: str) -> str | None:
        found = self.first(names)
        return found[1] if found else None

    def key(self, profile: Profile) -> tuple[str, Secret] | None:
        """The variable that holds the provider's key, and the key."""
        found = self.first(profile.key_variables)
        return (found[0], Secret(found[1])) if found else None

    def headers(self, provider: str) -> dict[str, str]:
        extras = EXTRAS.get(provider, Extras())
        return {header: value for name, header in extras.headers.items() if (value := self.value(name))}

    def config_file(self, command_line: CommandLine) -> tuple[Path, bool]:
        """Where the configuration is, and whether somebody said so: a file that was named must be there."""
        named = command_line.config or self.value("TURNOUT_CONFIG")
        return (Path(named), True) if named else (Path(DEFAULT_FILE), False)


def effective(settings: Settings, environment: Environment, command_line: CommandLine) -> Settings:
    """The file's settings with those of the environment and the command line on top.

    Raises ``ConfigError`` naming the variable that holds what it may not.
    """
    debug = (environment.value("DEBUG") or "").lower() in _TRUE
    server = {
        "host": _said(environment, "HOST", Host, command_line.host),
        "port": _said(environment, "PORT", Port, command_line.port),
        "workers": command_line.workers,
    }
    log = {
        "level": _said(environment, "LOG_LEVEL", LogLevel, command_line.log_level) or ("debug" if debug else None),
        "format": _said(environment, "LOG_FORMAT", LogFormat, command_line.log_format),
    }
    data_dir = _said(environment, "TURNOUT_DATA_DIR", Folder, command_line.data_dir)
    return structs.replace(
        settings,
        server=_with(settings.server, server),
        log=_with(settings.log, log),
        data_dir=data_dir or settings.data_dir,
    )


def _said(environment: Environment, variable: str, form: Any, command_line: object) -> Any:
    if command_line is not None:
        return command_line
    text = environment.value(variable)
    if text is None:
        return None
    try:
        return convert_text(text.lower() if form in (LogLevel, LogFormat) else text, form)
    except msgspec.ValidationError:
        raise ConfigError(f"environment variable {variable}: expected {expected(form)}") from None


def _with(section: Section, said: Mapping[str, Any]) -> Section:
    return structs.replace(section, **{name: value for name, value in said.items() if value is not None})
