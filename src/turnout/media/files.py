"""The engine's preparer for files: fetches documents at an address for deployments that don't fetch them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from msgspec import structs

from turnout.core import ChatRequest, Deployment, File, Part, Request, Support
from turnout.core.media_types import type_by_name
from turnout.engine import Prepared
from turnout.errors import InvalidRequest, RequestError, Unsupported

from .places import Place, may_have_files, parts_of, path_of, with_parts

Fetch = Callable[[str], Awaitable[bytes]]
"""The bytes at an address; raises ``NotFetched``."""

IsRelayed = Callable[[Request, Deployment], bool]
"""Whether the deployment gets the client's own body. Then the vendor decides what an address means."""

Read = Callable[[ChatRequest], Awaitable[ChatRequest]]
"""The request with its messages, as far as they can be read."""

_MOST: Final = 20  # files of one request
_PDF: Final = b"%PDF-"  # a server can't get the first bytes wrong


class FilePreparer:
    """``support_of`` is by provider."""

    def __init__(self, support_of: Mapping[str, Support], is_relayed: IsRelayed, read: Read, fetch: Fetch) -> None:
        self._support_of = support_of
        self._is_relayed = is_relayed
        self._read = read
        self._fetch = fetch

    def concerns(self, request: Request, deployment: Deployment) -> bool:
        return isinstance(request, ChatRequest) and may_have_files(request)

    async def prepare(self, request: Request, deployment: Deployment) -> Prepared | None:
        """The request with data in place of addresses; None if none changes. Errors name the file.

        Raises ``Unsupported`` and ``InvalidRequest``.
        """
        if not isinstance(request, ChatRequest):
            return None
        if self._is_relayed(request, deployment):
            return None
        read = await self._read(request)
        support = self._support_of[deployment.provider]
        places = [(place, file) for place, file in parts_of(File, read.messages) if _must_fetch(file, support)]
        if not places:
            return None
        if len(places) > _MOST:
            raise Unsupported(f"Turnout fetches at most {_MOST} files for one request.", param="messages")
        fetched: dict[Place, Part] = {place: await self._fetched(file, place) for place, file in places}
        notes = tuple(f"{path_of(place)}: fetched" for place in fetched)
        return Prepared(structs.replace(request, messages=with_parts(read.messages, fetched)), notes)

    async def _fetched(self, file: File, place: Place) -> File:
        try:
            data = await self._fetch(file.url or "")
        except RequestError as error:
            path = path_of(place)
            raise type(error)(f"The file in {path}: {error.message}", param=path) from error
        media_type = "application/pdf" if data.startswith(_PDF) else _known_type(file) or "text/plain"
        return structs.replace(file, url=None, data=b64encode(data).decode(), media_type=media_type)


def _must_fetch(file: File, support: Support) -> bool:
    """A provider that takes no such files at all refuses them without their data."""
    if file.url is None or not support.files or not file.url.startswith(("https://", "http://")):
        return False
    known = _known_type(file)
    if (known or "").startswith(("video/", "audio/")):
        return False
    by_address = support.file_url_types
    return not (
        urlsplit(file.url).scheme in support.image_url_schemes
        and known is not None
        and (by_address is None or known in by_address)
    )


def _known_type(file: File) -> str | None:
    try:
        path = urlsplit(file.url or "").path
    except ValueError as error:
        raise InvalidRequest(f"A file has an address that can't be read: {error}.", param="messages") from error
    return file.media_type or type_by_name(file.name or path) or type_by_name(path)
