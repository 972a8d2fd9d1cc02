"""The engine's preparer for images: every attempt gets the images that its deployment takes."""

from __future__ import annotations

import asyncio
import os
from base64 import b64encode
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from turnout.core import ChatRequest, Deployment, Image, ImageLimits, Request, Support, WireBody
from turnout.core.images import media_type_of, standard_base64
from turnout.engine import Prepared
from turnout.errors import InvalidRequest, RequestError, Unsupported

from .budget import MOST_BYTES, Budget
from .cache import BoundedCache
from .fit import fit
from .inspect import MAX_PIXELS, short
from .json_images import NewImage, replace_images
from .places import Place, images_in, path_of, with_images
from .sizing import limits_among

Fetch = Callable[[str], Awaitable[bytes]]
"""Gives what is at an address, or raises ``NotFetched``."""

When = Literal["needed", "always", "never"]

KEPT_SECONDS: Final = 3600.0
FETCHED_SECONDS: Final = 60.0
_FETCHED_SHARE: Final = 4  # of the cache's bytes, a quarter is for what was fetched
_ENTRY: Final = 256  # bytes that an entry costs besides its data
_AT_ONCE: Final = 32  # images of one request
_MOST_THREADS: Final = 4  # each may hold an image's pixels

Result = TypeVar("Result")


class ImageSupport(msgspec.Struct, frozen=True):
    """What a provider takes. ``images`` holds for models of which nothing more is known; None: no images."""

    images: ImageLimits | None
    support: Support


class _Made(msgspec.Struct, frozen=True):
    """An image as a model takes it. ``text`` is None where it complies as it is."""

    media_type: str
    text: str | None
    note: str


class _Change(msgspec.Struct, frozen=True):
    """``old`` is what the client's JSON says in its place: standard base64, or an address; None: leave that alone."""

    place: Place
    image: Image
    old: str | None
    note: str


class ImagePreparer:
    """``support_of`` is by provider. ``close`` ends its threads. Decoding, encoding and hashing all happen in those."""

    def __init__(
        self,
        support_of: Mapping[str, ImageSupport],
        fetch: Fetch,
        *,
        when: When = "needed",
        max_pixels: int = MAX_PIXELS,
        max_decoded_bytes: int = MOST_BYTES,
        cache_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        self._support_of = support_of
        self._fetch = fetch
        self._when = when
        self._max_pixels = max_pixels
        self._budget = Budget(max_decoded_bytes)
        self._made: BoundedCache[_Made] = BoundedCache(cache_bytes, KEPT_SECONDS)
        self._fetched: BoundedCache[str] = BoundedCache(cache_bytes // _FETCHED_SHARE, FETCHED_SECONDS)
        self._threads = ThreadPoolExecutor(
            min(_MOST_THREADS, max(1, (os.cpu_count() or 2) - 1)), thread_name_prefix="turnout-media"
        )

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def prepare(self, request: Request, deployment: Deployment) -> Prepared | None:
        """Raises ``Unsupported`` and ``InvalidRequest``, which name the image."""
        if isinstance(request, ChatRequest):
            return await self._prepared(request, deployment)
        return None

    async def _prepared(self, request: ChatRequest, deployment: Deployment) -> Prepared | None:
        found = images_in(request)
        if not found:
            return None
        changes = await self._changes(found, deployment)
        if not changes:
            return None
        made = with_images(request, {change.place: change.image for change in changes})
        made = msgspec.structs.replace(made, raw=await self._raw(request.raw, changes))
        return Prepared(made, tuple(f"{path_of(change.place)}: {change.note}" for change in changes if change.note))

    async def _changes(self, found: Sequence[tuple[Place, Image]], deployment: Deployment) -> list[_Change]:
        taste = self._support_of[deployment.provider]
        limits = deployment.traits.images or taste.images
        if limits is None or not taste.support.image_data:
            return []
        if limits.number is not None and len(found) > limits.number:
            raise Unsupported(
                f"The model '{deployment.model}' takes at most {limits.number} images in one request; "
                f"this one has {len(found)}.",
                param="messages",
            )
        limits = limits_among(limits, len(found))
        changes = await _all(self._change(place, image, taste.support, limits) for place, image in found)
        return [change for change in changes if change is not None]

    async def _change(self, place: Place, image: Image, support: Support, limits: ImageLimits) -> _Change | None:
        address = image.url
        if address is not None and not self._is_to_be_fetched(address, image, support, place):
            return None
        if image.detail == "original" and "detail" not in support.ignores:  # OpenAI's word for: don't resize
            limits = msgspec.structs.replace(limits, long_edge=None, short_edge=None, pixels=None)
        try:
            data = image.data or "" if address is None else await self._at(address)
            text, made = await self._run(self._make, data, limits)
        except RequestError as error:
            path = path_of(place)
            raise type(error)(f"The image in {path}: {error.message}", param=path) from error
        if address is not None:
            note = f"fetched, {made.note or short(made.media_type)}"
            return _Change(place, _with(image, made, text), address, note)
        if made.text is not None:
            return _Change(place, _with(image, made, text), text, made.note)
        if text != image.data or made.media_type != image.media_type:
            return _Change(place, _with(image, made, text), None, "")
        return None

    def _is_to_be_fetched(self, address: str, image: Image, support: Support, place: Place) -> bool:
        try:
            parts = urlsplit(address)
        except ValueError as error:
            path = path_of(place)
            raise InvalidRequest(
                f"The image in {path} has an address that can't be read: {error}.", param=path
            ) from error
        if parts.scheme not in ("http", "https") or self._when == "never":
            return False
        return self._when == "always" or not _fetches(support, parts.scheme, parts.path, image)

    async def _at(self, address: str) -> str:
        """What is at ``address``, as base64."""
        known = self._fetched.get(address)
        if known is None:
            known = (await self._run(b64encode, await self._fetch(address))).decode()
            self._fetched.put(address, known, len(known) + _ENTRY)
        return known

    async def _raw(self, raw: WireBody | None, changes: Sequence[_Change]) -> WireBody | None:
        """The client's JSON with the same changes; None where they can't be made: then it is translated."""
        new_images = {
            change.old: NewImage(change.image.data or "", change.image.media_type or "")
            for change in changes
            if change.old is not None
        }
        if raw is None or not new_images:
            return raw
        return await self._run(replace_images, raw, new_images)

    def _make(self, data: str, limits: ImageLimits) -> tuple[str, _Made]:
        """In a thread. The image's standard base64, and what the model takes."""
        text = standard_base64(data)
        key = (blake2b(text.encode(), digest_size=20).digest(), limits)
        made = self._made.get(key)
        if made is None:
            made = self._made_of(text, limits)
            self._made.put(key, made, _ENTRY + len(made.text or ""))
        return text, made

    def _made_of(self, text: str, limits: ImageLimits) -> _Made:
        try:
            data = a2b_base64(text, strict_mode=True)  # b64decode would match a pattern, and hold up other threads
        except (NotBase64, ValueError) as error:
            raise InvalidRequest("The data is not base64.") from error
        fitted = fit(data, media_type_of(text), limits, self._max_pixels, self._budget)
        return _Made(fitted.media_type, None if fitted.data is None else b64encode(fitted.data).decode(), fitted.note)

    async def _run(self, work: Callable[..., Result], *given: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)


def _fetches(support: Support, scheme: str, path: str, image: Image) -> bool:
    """Does the provider fetch this itself?"""
    if not support.image_urls or scheme not in support.image_url_schemes:
        return False
    endings = support.image_url_endings
    return endings is None or image.media_type is not None or PurePosixPath(path).suffix.lower() in endings


def _with(image: Image, made: _Made, text: str) -> Image:
    return msgspec.structs.replace(image, url=None, data=made.text or text, media_type=made.media_type)


async def _all(jobs: Iterable[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Their results; the first error ends the others. Some at a time: beginning thousands would hold up the loop."""
    waiting = iter(jobs)
    results: list[Result] = []
    while tasks := [asyncio.ensure_future(job) for job in islice(waiting, _AT_ONCE)]:
        try:
            results += await asyncio.gather(*tasks)
        finally:
            while tasks:
                tasks.pop().cancel()  # and lets it go: it may hold an error, which holds this frame
    return results
