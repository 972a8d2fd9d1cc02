"""The configuration files of a running catalog: it reads them, watches them, and notices when one gets lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from pathlib import Path

from turnout.config import CommandLine
from turnout.config.environment import Environment
from turnout.config.files import paths_of
from turnout.config.watching import Signature, changes, signature
from turnout.errors import ConfigError
from turnout.providers import Provider

from .configured import Configured, configure


class ConfigFiles:
    def __init__(
        self,
        command_line: CommandLine,
        environment: Environment,
        providers: Mapping[str, Provider],
        policies: Collection[str],
    ) -> None:
        self._command_line = command_line
        self._environment = environment
        self._providers = providers
        self._policies = policies
        self._paths = paths_of(command_line, environment)
        self._signature = signature(self._paths)  # taken before the first read, so that no change is missed
        self._filled: list[Path] = []

    def read(self) -> Configured:
        """Reads and checks the files. Raises ``ConfigError``."""
        return configure(self._command_line, self._environment, self._providers, self._policies)

    def existing(self) -> tuple[str, ...]:
        """The files that are there now."""
        return tuple(str(path) for path in self._paths if path.exists())

    def changes(self, look_seconds: float) -> AsyncIterator[Signature]:
        """Yields each time the files have changed. Looks at them every ``look_seconds``."""
        return changes(self._paths, self._signature, look_seconds)

    def remember_filled(self) -> None:
        """Remembers which files have content, for ``refuse_lost``."""
        self._filled = [path for path in self._paths if not _is_lost(path)]

    def refuse_lost(self) -> None:
        """Raises ``ConfigError`` for a file that had content and is now gone or empty.

        Somebody may be writing the file, or may have removed it by mistake: its keys and models stay.
        """
        for path in self._filled:
            if _is_lost(path):
                raise ConfigError(f"{path}: is gone or empty")


def _is_lost(path: Path) -> bool:
    try:
        return not path.read_bytes().strip()
    except FileNotFoundError:
        return True
    except OSError:  # the proper reading reports this error
        return False
