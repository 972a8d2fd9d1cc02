"""What environment variables and the command line say. One rule: command line, environment, file, defaults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import structs

from turnout.core import Secret
from turnout.errors import ConfigError
from turnout.providers import Profile

from .addresses import is_readable
from .settings import Folder, Host, LogFormat, LogLevel, LogSettings, Port, ServerSettings, Settings, Url
from .validation import convert_text, expected

Section = TypeVar("Section", ServerSettings, LogSettings)

DEFAULT_FILE: Final = "turnout.yaml"
ADMIN_VARIABLE: Final = "TURNOUT_ADMIN_KEY"
_HERE: Final = {"": "localhost", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # called, not listened on
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
    make_first_key: bool = False  # where every request needs a key and there is none


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
    "openai": Extras(
        headers={
            "OPENAI_ORGANIZATION": "OpenAI-Organization",
            "OPENAI_ORG_ID": "OpenAI-Organization",
            "OPENAI_PROJECT_ID": "OpenAI-Project",
        }
    ),
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

    def address(self, profile: Profile) -> tuple[str, str] | None:
        """The variable that holds the provider's address, and the address. Raises ``ConfigError``."""
        found = self.first(profile.url_variables)
        if found is None:
            return None
        name, said = found
        try:
            url: str = convert_text(said if "://" in said else completed(said, profile), Url)
        except ValueError:  # of msgspec and of urlsplit
            url = ""
        if not url or not is_readable(url):
            raise ConfigError(f"environment variable {name}: expected {expected(Url)}")
        return name, url

    def headers(self, provider: str) -> dict[str, str]:
        extras = EXTRAS.get(provider, Extras())
        return {header: value for name, header in extras.headers.items() if (value := self.value(name))}

    def of_address(self, command_line: CommandLine) -> frozenset[str]:
        """Those of ``HOST`` and ``PORT`` that say where to listen, because the command line doesn't."""
        said = {"HOST": command_line.host, "PORT": command_line.port}
        return frozenset(name for name, option in said.items() if option is None and self.value(name))

    def config_file(self, command_line: CommandLine) -> tuple[Path, bool]:
        """Where the configuration is, and whether somebody said so: a file that was named must be there."""
        named = command_line.config or self.value("TURNOUT_CONFIG")
        return (Path(named), True) if named else (Path(DEFAULT_FILE), False)


def completed(said: str, profile: Profile) -> str:
    """An address without its scheme, as ``OLLAMA_HOST`` may be: ``0.0.0.0``, ``:11434``, ``gpu-box``, ``gpu-box:80``.

    It may have been meant for the server: what is listened on everywhere is found on this machine.
    """
    parts, usual = urlsplit(f"//{said}"), urlsplit(profile.base_url)
    host = _HERE.get(parts.hostname or "", parts.hostname or "")
    port = parts.port or (usual.port if profile.start_hint else None)
    netloc = f"[{host}]" if ":" in host else host
    scheme = "http" if profile.start_hint else "https"
    return f"{scheme}://{netloc}{'' if port is None else f':{port}'}{parts.path}"


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
