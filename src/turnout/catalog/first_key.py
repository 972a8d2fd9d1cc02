"""The first admin key. Turnout makes it when every request needs a key and the operator has given none.

It is in the data directory, and only the owner can read it. It is valid as long as there is no other key. All
processes of a server and all later starts use the same one.
"""

from __future__ import annotations

import os
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Final

from turnout.config import ADMIN_VARIABLE
from turnout.core import Key
from turnout.errors import SHORTEST_SECRET, ConfigError

FILE_NAME: Final = "admin.key"

_OWNER_ONLY: Final = 0o600


def first_key(folder: Path, *, make: bool) -> Key | None:
    """The key in ``folder``. With ``make``, a missing key is made. Raises ``ConfigError``."""
    path = folder / FILE_NAME
    try:
        if make and not path.exists():
            _make(path)
        secret = path.read_bytes().strip()
    except OSError as error:
        if not make:
            return None
        advice = f"Set {ADMIN_VARIABLE} to a key of your own, or choose another folder with --data-dir."
        problem = f"no key is configured, and a first admin key can't be kept there: {error.strerror}. {advice}"
        raise ConfigError(f"{path}: {problem}") from error
    if len(secret) < SHORTEST_SECRET:
        raise ConfigError(f"{path}: expected an admin key. Delete the file, and the next start makes a new one.")
    return Key(id=FILE_NAME, digest=sha256(secret).digest(), admin=True)


def _make(path: Path) -> None:
    """Writes a draft and links it, so that nobody reads half a key. If another process was faster, its key stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{FILE_NAME}.{secrets.token_hex(8)}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with os.fdopen(fd, "w") as file:
            file.write(f"tk-{secrets.token_urlsafe(32)}\n")
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
