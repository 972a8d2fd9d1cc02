"""Settings from environment variables and the command line.

The first of these that has a setting wins: command line, environment, file, defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import structs

from turnout.core import Limit, Secret
from turnout.errors import ConfigError
from turnout.providers import Profile

from .addresses import is_well_formed
from .allowance_settings import Window
from .headers import is_sendable_key
from .settings import Count, Folder, Host, LogFormat, LogLevel, LogSettings, Port, ServerSettings, Settings, Url
from .token_settings import with_variables
from .validation import convert_text, expected

Section = TypeVar("Section", ServerSettings, LogSettings)

DEFAULT_FILE: Final = "turnout.yaml"
ADMIN_VARIABLE: Final = "TURNOUT_ADMIN_KEY"
RATE_LIMIT_REQUESTS: Final = 100
RATE_LIMIT_WINDOW: Final = 60  # seconds
_LISTEN_TO_CLIENT_HOST: Final = {"": "localhost", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # hosts to call
_TRUE: Final = frozenset({"1", "true", "yes", "on"})


class CommandLine(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the commands that a file or a variable can also set."""

    config: Path | None = None
    agents: Path | None = None
    host: str | None = None
    port: int | None = None
    workers: int | None = None
    log_level: LogLevel | None = None
    log_format: LogFormat | None = None
    data_dir: str | None = None
    make_first_key: bool = False  # when every request needs a key and there is none


class Extras(NamedTuple):
    """Variables that only one provider has: its API version, the model that it serves, headers.

    ``headers`` maps a variable to the header that it fills.
    """

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
"""By provider."""


class Environment:
    """Variables by name. An empty variable counts as not set."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables

    def first_set(self, names: tuple[str, ...]) -> tuple[str, str] | None:
        """The name and value of the first variable that is set."""
        return next(((name, value) for name in names if (value := self.variables.get(name, "").strip())), None)

    def value(self, *names: str) -> str | None:
        """The value of the first variable that is set."""
        variable = self.first_set(names)
        return variable[1] if variable else None

    def key(self, profile: Profile) -> tuple[str, Secret] | None:
        """The variable that holds the provider's key, and the key. Raises ``ConfigError``."""
        variable = self.first_set(profile.key_variables)
        if variable is None:
            return None
        name, value = variable
        if not is_sendable_key(value):
            raise ConfigError(f"environment variable {name}: expected a key of printable ASCII characters, in one line")
        return name, Secret(value)

    def address(self, profile: Profile) -> tuple[str, str] | None:
        """The variable that holds the provider's address, and the address. Raises ``ConfigError``."""
        variable = self.first_set(profile.url_variables)
        if variable is None:
            return None
        name, value = variable
        try:
            url: str = convert_text(value if "://" in value else complete_address(value, profile), Url)
        except ValueError:  # raised by msgspec or urlsplit
            url = ""
        if not url or not is_well_formed(url):
            raise ConfigError(f"environment variable {name}: expected {expected(Url)}")
        return name, url

    def headers(self, provider: str) -> dict[str, str]:
        extras = EXTRAS.get(provider, Extras())
        return {header: value for name, header in extras.headers.items() if (value := self.value(name))}

    def listen_variables(self, command_line: CommandLine) -> frozenset[str]:
        """The variables, ``HOST`` or ``PORT``, that say where to listen because the command line doesn't."""
        options = {"HOST": command_line.host, "PORT": command_line.port}
        return frozenset(name for name, option in options.items() if option is None and self.value(name))

    def config_file(self, command_line: CommandLine) -> tuple[Path, bool]:
        """The path of the configuration file, and whether the operator named it: then the file must be there."""
        path = command_line.config or self.value("TURNOUT_CONFIG")
        return (Path(path), True) if path else (Path(DEFAULT_FILE), False)


def complete_address(address: str, profile: Profile) -> str:
    """Completes an address without a scheme, such as ``0.0.0.0``, ``:11434``, ``gpu-box`` or ``gpu-box:80``.

    Ollama's server reads ``OLLAMA_HOST``, too: ``0.0.0.0`` tells it to listen everywhere. A client calls ``127.0.0.1``.
    """
    parts, default = urlsplit(f"//{address}"), urlsplit(profile.base_url)
    host = _LISTEN_TO_CLIENT_HOST.get(parts.hostname or "", parts.hostname or "")
    port = parts.port or (default.port if profile.start_hint else None)
    netloc = f"[{host}]" if ":" in host else host
    scheme = "http" if profile.start_hint else "https"
    return f"{scheme}://{netloc}{'' if port is None else f':{port}'}{parts.path}"


def effective(settings: Settings, environment: Environment, command_line: CommandLine) -> Settings:
    """The file's settings, overridden by those of the environment and the command line.

    Raises ``ConfigError``, which names the variable with an invalid value.
    """
    debug = (environment.value("DEBUG") or "").lower() in _TRUE
    server = {
        "host": _override(environment, "HOST", Host, command_line.host),
        "port": _override(environment, "PORT", Port, command_line.port),
        "workers": command_line.workers,
    }
    log = {
        "level": _override(environment, "LOG_LEVEL", LogLevel, command_line.log_level) or ("debug" if debug else None),
        "format": _override(environment, "LOG_FORMAT", LogFormat, command_line.log_format),
    }
    data_dir = _override(environment, "TURNOUT_DATA_DIR", Folder, command_line.data_dir)
    return structs.replace(
        settings,
        server=_with_overrides(settings.server, server),
        log=_with_overrides(settings.log, log),
        auth=structs.replace(settings.auth, jwt=with_variables(settings.auth.jwt, environment.value)),
        data_dir=data_dir or settings.data_dir,
    )


def rate_limit(environment: Environment) -> Limit | None:
    """The limit for each key over all operations, if one of its two variables is set. Raises ``ConfigError``."""
    most = _override(environment, "RATE_LIMIT_REQUESTS", Count, None)
    seconds = _override(environment, "RATE_LIMIT_WINDOW", Window, None)
    if most is None and seconds is None:
        return None
    return Limit("requests", most or RATE_LIMIT_REQUESTS, seconds or RATE_LIMIT_WINDOW)


def _override(environment: Environment, variable: str, type_: Any, command_line: object) -> Any:
    """The value of the command line, else that of the variable. None when neither has one."""
    if command_line is not None:
        return command_line
    text = environment.value(variable)
    if text is None:
        return None
    try:
        return convert_text(text.lower() if type_ in (LogLevel, LogFormat) else text, type_)
    except msgspec.ValidationError:
        raise ConfigError(f"environment variable {variable}: expected {expected(type_)}") from None


def _with_overrides(section: Section, overrides: Mapping[str, Any]) -> Section:
    return structs.replace(section, **{name: value for name, value in overrides.items() if value is not None})
