"""Turnout's server as its users run it: ``turnout serve`` in a new process."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.support.process import Program, free_port

COMMAND = Path(sys.executable).with_name("turnout")
NOBODY = "http://127.0.0.1:9"  # the discard port, where no server answers discovery
NO_LOCAL_SERVERS = {"OLLAMA_URL": NOBODY, "LLAMA_CPP_URL": NOBODY, "VLLM_URL": NOBODY}

Config = Mapping[str, Any] | str


class TurnoutServer:
    """A running server. Its files are in ``folder``: ``turnout.yaml``, ``data/``, ``turnout.log``."""

    def __init__(self, folder: Path, config: Config, env: Mapping[str, str], args: Sequence[str]) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.data_dir.mkdir(exist_ok=True)
        self.configure(config)
        self.port = free_port()
        listen = ["--host", "127.0.0.1", "--port", str(self.port)]
        command: list[str | Path] = [COMMAND, "serve", "--config", self.config_path, *listen, *args]
        environ = NO_LOCAL_SERVERS | {"TURNOUT_DATA_DIR": str(self.data_dir), "HOME": str(folder)} | dict(env)
        self.program = Program("turnout serve", command, folder / "turnout.log", environ)
        self.program.wait_until_ready(self.port, "/ping")

    @property
    def url(self) -> str:
        """The base URL for Anthropic's SDK."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def openai_url(self) -> str:
        """The base URL for OpenAI's SDK."""
        return f"{self.url}/v1"

    @property
    def config_path(self) -> Path:
        return self.folder / "turnout.yaml"

    def configure(self, config: Config) -> None:
        """Writes the configuration; a running server picks it up by itself."""
        text = config if isinstance(config, str) else yaml.safe_dump(dict(config), allow_unicode=True, sort_keys=False)
        self.config_path.write_text(text)

    def log(self) -> str:
        return self.program.log()

    def stop(self) -> None:
        """Sends SIGTERM, and fails without a clean exit."""
        self.program.stop()

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self.program.kill()


class StartTurnout:
    """Starts servers below one folder: ``start(config, env=…, args=…, folder=earlier.folder)``."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._numbers = itertools.count(1)
        self.started: list[TurnoutServer] = []

    def __call__(
        self,
        config: Config,
        *,
        env: Mapping[str, str] | None = None,
        args: Sequence[str] = (),
        folder: Path | None = None,
    ) -> TurnoutServer:
        if folder is None:
            folder = self._root / f"turnout-{next(self._numbers)}"
            folder.mkdir(parents=True)
        server = TurnoutServer(folder, config, env or {}, args)
        self.started.append(server)
        return server


@contextmanager
def turnouts(root: Path) -> Iterator[StartTurnout]:
    """A starter whose servers are gone at the end."""
    start = StartTurnout(root)
    try:
        yield start
    finally:
        for server in start.started:
            server.kill()
