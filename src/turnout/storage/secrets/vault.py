"""Encrypts secrets before they are stored, and decrypts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Lock

from turnout.core import Secret
from turnout.errors import SecretsUnavailable

from .key_files import KeyFiles
from .master_key import OLD_SECRET_KEY_VARIABLE, SECRET_KEY_VARIABLE, MasterKey, master_key, refuse_weak
from .sealing import key_id_of, seal, unseal


class Vault:
    """The key is that of ``TURNOUT_SECRET_KEY``, else that of a file in ``folder``, which is made at the first need.

    What was encrypted with ``TURNOUT_SECRET_KEY_OLD``, with the file's key or with the file's key before, is decrypted,
    too. Making a key of a passphrase takes 0.1 s, so call this in a thread.
    """

    def __init__(self, folder: Path, current: str | None = None, old: str | None = None) -> None:
        """``current`` and ``old`` are the values of the variables. Raises ``ConfigError``."""
        for variable, text in ((SECRET_KEY_VARIABLE, current), (OLD_SECRET_KEY_VARIABLE, old)):
            if text is not None:
                refuse_weak(variable, text)
        self._current = Secret(current) if current else None
        self._old = Secret(old) if old else None
        self._files = KeyFiles(folder)
        self._made: dict[Secret, MasterKey] = {}
        self._known: dict[str, MasterKey] = {}
        self._lock = Lock()

    @property
    def is_of_this_host(self) -> bool:
        """Whether the key is in a file, so that other hosts don't have it."""
        return self._current is None

    def seal(self, text: str, place: str) -> str:
        """``place`` says what the text belongs to. Raises ``SecretsUnavailable``."""
        return seal(text, place, self._sealing())

    def open(self, sealed: str, place: str) -> str:
        """Raises ``SecretsUnavailable``, with the reason."""
        id_ = key_id_of(sealed)
        if id_ is None:
            raise SecretsUnavailable("it was encrypted by a newer version of Turnout")
        text = unseal(sealed, place, self._key(id_))
        if text is None:
            raise SecretsUnavailable("it was changed since it was encrypted, or it belongs to another model")
        return text

    def is_current(self, sealed: str) -> bool:
        """Whether it was encrypted with the key that encrypts now. Raises ``SecretsUnavailable``."""
        return key_id_of(sealed) == self._sealing().id

    def rotate(self) -> None:
        """Makes another key in the file. A key in the environment is the operator's. Raises ``SecretsUnavailable``."""
        if self.is_of_this_host:
            self._files.rotate()

    def _sealing(self) -> MasterKey:
        return self._made_of(self._current) if self._current else self._files.made()

    def _key(self, id_: str) -> MasterKey:
        if id_ not in self._known:
            problems = [problem for key in self._candidates() if (problem := self._remember(key))]
            if id_ not in self._known:
                also = f". {' '.join(problems)}" if problems else ""
                raise SecretsUnavailable(
                    f"it was encrypted with another key ({id_}). Set {SECRET_KEY_VARIABLE} to that key, or "
                    f"{OLD_SECRET_KEY_VARIABLE} if it was replaced; on several hosts, to the same on all{also}"
                )
        return self._known[id_]

    def _remember(self, find: Callable[[], MasterKey | None]) -> str:
        """Why the key can't be had, if it is there and can't."""
        try:
            key = find()
        except SecretsUnavailable as error:
            return error.message
        if key is not None:
            self._known[key.id] = key
        return ""

    def _candidates(self) -> Iterator[Callable[[], MasterKey | None]]:
        for secret in (self._current, self._old):
            if secret is not None:
                yield partial(self._made_of, secret)
        yield self._files.current
        yield self._files.old

    def _made_of(self, secret: Secret) -> MasterKey:
        with self._lock:
            if secret not in self._made:
                self._made[secret] = master_key(secret.reveal())
            return self._made[secret]
