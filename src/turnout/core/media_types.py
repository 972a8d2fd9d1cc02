"""Media types of images and files, by the ending of a name. The system's table would differ between machines."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

_TYPES: Final = {
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".css": "text/css",
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/md",
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".xml": "text/xml",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".mpeg": "video/mpeg",
    ".webm": "video/webm",
}

TYPED_ENDINGS: Final = frozenset(_TYPES)
"""The endings of an address that show its media type."""


def type_by_name(name: str) -> str | None:
    """The media type of a file's name or of an address's path; None for an unknown ending."""
    return _TYPES.get(PurePosixPath(name).suffix.lower())
