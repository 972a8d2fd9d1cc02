"""The engine's preparer for images: makes the images of every attempt fit its deployment."""

from __future__ import annotations

import asyncio
import os
from base64 import b64encode
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from turnout.core import ChatRequest, Deployment, Image, ImageLimits, Request, Support, WireBody, readable
from turnout.core.images import media_type_of, standard_base64
from turnout.engine import Prepared
from turnout.errors import InvalidRequest, RequestError, Unsupported

from .budget import MOST_BYTES, Budget
from .cache import BoundedCache
from .files import Fetch
from .fit import fit
from .inspect import MAX_PIXELS, short
from .json_images import NewImage, replace_images
from .places import Place, may_have_images, parts_of, path_of, with_parts
from .sizing import limits_among

When = Literal["needed", "always", "never"]

KEPT_SECONDS: Final = 3600.0
FETCHED_SECONDS: Final = 60.0
_FETCHED_SHARE: Final = 4  # a quarter of the cache's bytes is for fetched images
_ENTRY_BYTES: Final = 256  # the cost of a cache entry besides its data
_LARGE: Final = 128 * 1024  # bytes of a request that is read in a thread
_AT_ONCE: Final = 32  # images of one request
_MOST_THREADS: Final = 4  # each may hold an image's pixels

Result = TypeVar("Result")


class ImageSupport(msgspec.Struct, frozen=True):
    """A provider's support. ``images`` are the limits for models without limits of their own; None: no images."""

    images: ImageLimits | None
    support: Support


class _FittedImage(msgspec.Struct, frozen=True):
    """An image within a model's limits. ``base64`` is None for one that complies unchanged."""

    media_type: str
    base64: str | None
    note: str


class _Change(msgspec.Struct, frozen=True):
    """``old`` is the image in the client's JSON: its standard base64, or its address. None: the JSON stays as it is."""

    place: Place
    image: Image
    old: str | None
    note: str


class ImagePreparer:
    """``support_of`` is by provider. Its threads do all decoding, encoding and hashing; ``close`` ends them."""

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
        self._fitted: BoundedCache[_FittedImage] = BoundedCache(cache_bytes, KEPT_SECONDS)
        self._fetched: BoundedCache[str] = BoundedCache(cache_bytes // _FETCHED_SHARE, FETCHED_SECONDS)
        self._threads = ThreadPoolExecutor(
            min(_MOST_THREADS, max(1, (os.cpu_count() or 2) - 1)), thread_name_prefix="turnout-media"
        )

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def concerns(self, request: Request, deployment: Deployment) -> bool:
        return isinstance(request, ChatRequest) and may_have_images(request)

    async def prepare(self, request: Request, deployment: Deployment) -> Prepared | None:
        """The request with changed images; None if none changes. Errors name the image.

        Raises ``Unsupported`` and ``InvalidRequest``.
        """
        if not isinstance(request, ChatRequest):
            return None
        read = request if request.unread is None else await self.read(request)
        images = parts_of(Image, read.messages)
        if not images:
            return None
        changes = await self._changes(images, deployment)
        if not changes:
            return None
        messages = with_parts(read.messages, {change.place: change.image for change in changes})
        changed = msgspec.structs.replace(request, messages=messages, raw=await self._raw(request.raw, changes))
        return Prepared(changed, tuple(f"{path_of(change.place)}: {change.note}" for change in changes if change.note))

    async def read(self, request: ChatRequest) -> ChatRequest:
        """The request with its messages, or with those of their images that can be found."""
        if request.unread is not None and request.unread.size > _LARGE:
            return await self._run(readable, request)
        return readable(request)

    async def _changes(self, images: Sequence[tuple[Place, Image]], deployment: Deployment) -> list[_Change]:
        provider = self._support_of[deployment.provider]
        limits = deployment.traits.images or provider.images
        if limits is None or not provider.support.image_data:
            return []
        if limits.number is not None and len(images) > limits.number:
            raise Unsupported(
                f"The model '{deployment.model}' takes at most {limits.number} images in one request; "
                f"this one has {len(images)}.",
                param="messages",
            )
        limits = limits_among(limits, len(images))
        changes = await _all(self._change(place, image, provider.support, limits) for place, image in images)
        return [change for change in changes if change is not None]

    async def _change(self, place: Place, image: Image, support: Support, limits: ImageLimits) -> _Change | None:
        address = image.url
        if address is not None and not self._must_fetch(address, image, support, place):
            return None
        if image.detail == "original" and "detail" not in support.ignores:  # OpenAI's word for "don't resize"
            limits = msgspec.structs.replace(limits, long_edge=None, short_edge=None, pixels=None)
        try:
            data = image.data or "" if address is None else await self._fetched_base64(address)
            original, fitted = await self._run(self._fit, data, limits)
        except RequestError as error:
            path = path_of(place)
            raise type(error)(f"The image in {path}: {error.message}", param=path) from error
        if address is not None:
            note = f"fetched, {fitted.note or short(fitted.media_type)}"
            return _Change(place, _with(image, fitted, original), address, note)
        if fitted.base64 is not None:
            return _Change(place, _with(image, fitted, original), original, fitted.note)
        if original != image.data or fitted.media_type != image.media_type:
            return _Change(place, _with(image, fitted, original), None, "")
        return None

    def _must_fetch(self, address: str, image: Image, support: Support, place: Place) -> bool:
        try:
            parts = urlsplit(address)
        except ValueError as error:
            path = path_of(place)
            raise InvalidRequest(
                f"The image in {path} has an address that can't be read: {error}.", param=path
            ) from error
        if parts.scheme not in ("http", "https") or self._when == "never":
            return False
        return self._when == "always" or not _provider_fetches(support, parts.scheme, parts.path, image)

    async def _fetched_base64(self, address: str) -> str:
        data = self._fetched.get(address)
        if data is None:
            data = (await self._run(b64encode, await self._fetch(address))).decode()
            self._fetched.put(address, data, len(data) + _ENTRY_BYTES)
        return data

    async def _raw(self, raw: WireBody | None, changes: Sequence[_Change]) -> WireBody | None:
        """The client's JSON with the same changes; None where that fails, so that the request is translated."""
        new_images = {
            change.old: NewImage(change.image.data or "", change.image.media_type or "")
            for change in changes
            if change.old is not None
        }
        if raw is None or not new_images:
            return raw
        return await self._run(replace_images, raw, new_images)

    def _fit(self, data: str, limits: ImageLimits) -> tuple[str, _FittedImage]:
        """The image's standard base64, and the image within ``limits``. Runs in a thread."""
        original = standard_base64(data)
        key = (blake2b(original.encode(), digest_size=20).digest(), limits)
        fitted = self._fitted.get(key)
        if fitted is None:
            fitted = self._decode_and_fit(original, limits)
            self._fitted.put(key, fitted, _ENTRY_BYTES + len(fitted.base64 or ""))
        return original, fitted

    def _decode_and_fit(self, base64: str, limits: ImageLimits) -> _FittedImage:
        try:
            data = a2b_base64(base64, strict_mode=True)  # b64decode matches a pattern, which blocks other threads
        except (NotBase64, ValueError) as error:
            raise InvalidRequest("The data is not base64.") from error
        result = fit(data, media_type_of(base64), limits, self._max_pixels, self._budget)
        new_base64 = None if result.data is None else b64encode(result.data).decode()
        return _FittedImage(result.media_type, new_base64, result.note)

    async def _run(self, work: Callable[..., Result], *arguments: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


def _provider_fetches(support: Support, scheme: str, path: str, image: Image) -> bool:
    if not support.image_urls or scheme not in support.image_url_schemes:
        return False
    endings = support.image_url_endings
    return endings is None or image.media_type is not None or PurePosixPath(path).suffix.lower() in endings


def _with(image: Image, fitted: _FittedImage, original: str) -> Image:
    return msgspec.structs.replace(image, url=None, data=fitted.base64 or original, media_type=fitted.media_type)


async def _all(jobs: Iterable[Coroutine[Any, Any, Result]]) -> list[Result]:
    """The jobs' results. The first error cancels the others. Starts some at a time: thousands would block the loop."""
    waiting = iter(jobs)
    results: list[Result] = []
    while tasks := [asyncio.ensure_future(job) for job in islice(waiting, _AT_ONCE)]:
        try:
            results += await asyncio.gather(*tasks)
        finally:
            while tasks:
                tasks.pop().cancel()  # drops the task, too: it may hold an error that holds this frame
    return results
