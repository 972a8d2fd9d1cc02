"""Measures the vision pipeline: a 12-megapixel photo, eight at once, and requests without images."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import Awaitable
from io import BytesIO

import msgspec
from PIL import Image as Pillow

from turnout.core import ChatRequest, Deployment, Image, ImageLimits, Message, Part, Support, Text
from turnout.media import ImagePreparer, ImageSupport

LIMITS = ImageLimits(long_edge=1568, bytes=3_900_000)
DEPLOYMENT = Deployment(id="d", provider="p", model="m")


async def nothing(url: str) -> bytes:
    raise AssertionError(url)


def photo(extra: int = 0) -> str:
    noise = Pillow.effect_noise((1000, 750), 40).resize((4000, 3000), Pillow.Resampling.BICUBIC)
    bands = [noise, noise.transpose(Pillow.Transpose.ROTATE_180), noise.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT)]
    file = BytesIO()
    Pillow.merge("RGB", bands).save(file, "JPEG", quality=85 + extra % 8)
    return b64encode(file.getvalue()).decode()


def chat_request(*images: str) -> ChatRequest:
    parts: tuple[Part, ...] = (Text("Look."), *(Image(data=data, media_type="image/jpeg") for data in images))
    return ChatRequest(model="m", messages=(Message("system", (Text("Be brief."),)), Message("user", parts)))


async def longest_pause(work: Awaitable[object]) -> tuple[float, float]:
    """The seconds of ``work``, and the longest delay of a timer of 1 ms in the event loop meanwhile."""
    longest, began = 0.0, time.perf_counter()
    task = asyncio.ensure_future(work)
    while not task.done():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - before - 0.001)
    await task
    return time.perf_counter() - began, longest


async def main() -> None:
    preparer = ImagePreparer({"p": ImageSupport(LIMITS, Support(namespace="x", knobs=frozenset()))}, nothing)
    plain = chat_request()
    began = time.perf_counter()
    for _ in range(100_000):
        await preparer.prepare(plain, DEPLOYMENT)
    print(f"without images: {(time.perf_counter() - began) * 10:.2f} µs")
    one = chat_request(photo())
    for name in ("first", "second"):
        began = time.perf_counter()
        prepared = await preparer.prepare(one, DEPLOYMENT)
        print(f"a photo, {name} attempt: {(time.perf_counter() - began) * 1e3:.1f} ms {prepared and prepared.changes}")
    many = [chat_request(photo(number)) for number in range(1, 9)]
    eight = asyncio.gather(*(preparer.prepare(msgspec.structs.replace(request), DEPLOYMENT) for request in many))
    seconds, pause = await longest_pause(eight)
    print(f"eight at once: {seconds:.2f} s, the loop's longest pause {pause * 1e3:.1f} ms")
    preparer.close()


if __name__ == "__main__":
    asyncio.run(main())
