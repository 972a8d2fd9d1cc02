"""The marks in a file of the data directory. So they outlive every process of the service."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from .sheet import HandMark

_NAME: Final = "marks.json"

_decode = msgspec.json.Decoder(dict[str, HandMark]).decode


def path_in(data_dir: Path) -> Path:
    return data_dir / _NAME


def read_marks(path: Path) -> tuple[dict[str, HandMark], str | None]:
    """The marks, and what is wrong with the file: then there are none."""
    try:
        return _decode(path.read_bytes()), None
    except FileNotFoundError:
        return {}, None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        return {}, f"{path} can't be read, so its marks are forgotten: {error}"


def write_marks(path: Path, marks: Mapping[str, HandMark]) -> str | None:
    """Replaces the file as a whole. Returns what went wrong."""
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(marks), indent=2))
        draft.replace(path)
    except OSError as error:
        return f"the marks are lost when the control process ends: {path} can't be written: {error.strerror or error}"
    return None
