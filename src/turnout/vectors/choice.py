"""Which store a process has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from turnout.host import Control, LocalControl

from .address import address_in
from .control_store import ControlStore, answer_with
from .embedded import EmbeddedStore
from .server_store import ServerStore
from .store import VectorStore

FOLDER: Final = "vectors"


def vector_store(environ: Mapping[str, str], data_dir: Path, control: Control) -> VectorStore:
    """A Qdrant server where the environment names one, else the folder ``vectors`` of the data directory, which the
    control process keeps. Raises ``ConfigError``.
    """
    address = address_in(environ)
    if address is not None:
        return ServerStore(address)
    own = None
    if isinstance(control, LocalControl):
        own = EmbeddedStore(data_dir / FOLDER)
        answer_with(control.handlers, own)
    return ControlStore(control, own)
