"""The file that keeps the master key of a host where ``TURNOUT_SECRET_KEY`` is not set, and the one before it."""

from __future__ import annotations

import os
import secrets
from base64 import b64encode
from pathlib import Path
from typing import Final

from turnout.errors import SecretsUnavailable

from .master_key import KEY_BYTES, SECRET_KEY_VARIABLE, MasterKey, master_key

FILE_NAME: Final = "secret.key"
OLD_FILE_NAME: Final = "secret.key.old"

_OWNER_ONLY: Final = 0o600
_OTHERS: Final = 0o077


class KeyFiles:
    """``current`` and ``old`` are read from the disk each time: a command may have made another key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def current(self) -> MasterKey | None:
        """None: there is no file. Raises ``SecretsUnavailable``."""
        return _read(self._folder / FILE_NAME)

    def old(self) -> MasterKey | None:
        """The key before the last rotation. Raises ``SecretsUnavailable``."""
        return _read(self._folder / OLD_FILE_NAME)

    def made(self) -> MasterKey:
        """The current key. A missing one is made; if another process is faster, its key stays.

        Raises ``SecretsUnavailable``.
        """
        path = self._folder / FILE_NAME
        key = self.current()
        if key is not None:
            return key
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = self._draft()
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        except OSError as error:
            raise _unusable(path, f"can't be written: {error.strerror}") from error
        key = self.current()
        if key is None:
            raise _unusable(path, "is gone")
        return key

    def rotate(self) -> MasterKey:
        """Another key; the present one becomes the old one. At each moment, both are on the disk.

        Raises ``SecretsUnavailable``.
        """
        self.made()
        path, old = self._folder / FILE_NAME, self._folder / OLD_FILE_NAME
        try:
            copy = self._draft(path.read_bytes())
            copy.replace(old)
            self._draft().replace(path)
            _sync(self._folder)
        except OSError as error:
            raise _unusable(path, f"can't be replaced: {error.strerror}") from error
        return self.made()

    def _draft(self, content: bytes | None = None) -> Path:
        """A file with a new key, or with ``content``, that is whole on the disk. Raises ``OSError``."""
        draft = self._folder / f"{FILE_NAME}.{secrets.token_hex(8)}"
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(fd, "wb") as file:
            if os.geteuid() == 0:  # root rotates what a service of another user has to read
                folder = self._folder.stat()
                os.fchown(fd, folder.st_uid, folder.st_gid)
            file.write(content or b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(fd)
        return draft


def _read(path: Path) -> MasterKey | None:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise _unusable(path, f"others on this machine may read it: chmod 600 {path}")
            text = file.read().decode(errors="replace").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, f"can't be read: {error.strerror}") from error
    if len(text) < KEY_BYTES:
        raise _unusable(path, "holds no key; put the right one there, or set the variable")
    return master_key(text)


def _unusable(path: Path, problem: str) -> SecretsUnavailable:
    return SecretsUnavailable(
        f"The key that encrypts secrets, {path}: {problem}. {SECRET_KEY_VARIABLE} may hold it instead."
    )


def _sync(folder: Path) -> None:
    """So that a power cut keeps the new names, too."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
