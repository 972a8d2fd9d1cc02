"""Files at an address are fetched for providers that don't fetch them, and for nobody else."""

from __future__ import annotations

from base64 import b64encode

import pytest
from msgspec import structs

from turnout.core import (
    ChatRequest,
    Deployment,
    EmbeddingRequest,
    File,
    Message,
    Part,
    Request,
    Support,
    Text,
    ToolResult,
)
from turnout.errors import InvalidRequest, NotFetched, Unsupported
from turnout.media import FilePreparer

PDF = b"%PDF-1.7 ..."
WEB = {
    "https://x.test/a.pdf": PDF,
    "http://x.test/a.pdf": PDF,
    "https://x.test/report": PDF,
    "https://x.test/a.txt": b"words",
    "https://x.test/notes": b"words",
}
TAKING = Support(namespace="a", knobs=frozenset(), files=True)
SUPPORT = {
    "by-data": TAKING,
    "pdf": structs.replace(TAKING, file_url_types=frozenset({"application/pdf"})),
    "typed": structs.replace(TAKING, file_url_types=None, image_url_schemes=frozenset({"https"}), video=True),
    "none": structs.replace(TAKING, files=False),
}


async def fetch(url: str) -> bytes:
    if url not in WEB:
        raise NotFetched("not there")
    return WEB[url]


async def as_it_is(request: ChatRequest) -> ChatRequest:
    return request


def never(request: Request, deployment: Deployment) -> bool:
    return False


def preparer(*, relayed: bool = False) -> FilePreparer:
    return FilePreparer(SUPPORT, (lambda _, __: True) if relayed else never, as_it_is, fetch)


def to(provider: str) -> Deployment:
    return Deployment(id="d", provider=provider, model="m")


def asking(*parts: Part) -> ChatRequest:
    return ChatRequest(model="m", messages=(Message("user", (Text("read"), *parts)),))


async def prepared(provider: str, file: File) -> tuple[Part, tuple[str, ...]]:
    result = await preparer().prepare(asking(file), to(provider))
    if result is None:
        return file, ()
    assert isinstance(result.request, ChatRequest)
    return result.request.messages[0].parts[1], result.changes


@pytest.mark.parametrize(
    ("provider", "file", "media_type"),
    [
        pytest.param("by-data", File(url="https://x.test/a.pdf"), "application/pdf", id="pdf"),
        pytest.param("by-data", File(url="https://x.test/a.txt", name="a.txt"), "text/plain", id="text"),
        pytest.param("by-data", File(url="https://x.test/notes"), "text/plain", id="no-ending"),
        pytest.param("pdf", File(url="https://x.test/a.txt"), "text/plain", id="a-text-for-who-fetches-pdfs"),
        pytest.param("pdf", File(url="https://x.test/report"), "application/pdf", id="a-type-that-nobody-tells"),
        pytest.param("typed", File(url="http://x.test/a.pdf"), "application/pdf", id="another-scheme"),
        pytest.param("typed", File(url="https://x.test/report"), "application/pdf", id="the-type-by-its-bytes"),
    ],
)
async def test_fetched(provider: str, file: File, media_type: str) -> None:
    part, changes = await prepared(provider, file)
    data = b64encode(WEB[file.url or ""]).decode()
    assert part == structs.replace(file, url=None, data=data, media_type=media_type)
    assert changes == ("messages[0].content[1]: fetched",)


@pytest.mark.parametrize(
    ("provider", "file"),
    [
        pytest.param("pdf", File(url="https://x.test/a.pdf"), id="the-provider-fetches-it"),
        pytest.param("pdf", File(url="https://x.test/report", media_type="application/pdf"), id="a-type-that-is-told"),
        pytest.param("typed", File(url="https://x.test/a.mp4"), id="a-video"),
        pytest.param("by-data", File(url="https://x.test/a.mp4"), id="a-video-for-who-cant-see-it"),
        pytest.param("none", File(url="https://x.test/a.pdf"), id="who-takes-no-files"),
        pytest.param("by-data", File(data="JVBE"), id="data"),
        pytest.param("by-data", File(file_id="file-1"), id="an-upload"),
        pytest.param("typed", File(url="gs://bucket/a.pdf", media_type="application/pdf"), id="a-bucket"),
    ],
)
async def test_not_fetched(provider: str, file: File) -> None:
    assert await prepared(provider, file) == (file, ())


async def test_files_in_results_are_fetched() -> None:
    result = ToolResult("c1", (Text("here"), File(url="https://x.test/a.pdf")))
    request = ChatRequest(model="m", messages=(Message("tool", (result,)),))
    done = await preparer().prepare(request, to("by-data"))
    assert done is not None
    assert isinstance(done.request, ChatRequest)
    (part,) = done.request.messages[0].parts
    assert isinstance(part, ToolResult)
    assert part.parts[1] == File(data=b64encode(PDF).decode(), media_type="application/pdf")
    assert done.changes == ("messages[0].content[0].content[1]: fetched",)


async def test_a_relayed_request_is_left_alone() -> None:
    request = asking(File(url="https://x.test/a.pdf"))
    assert await preparer(relayed=True).prepare(request, to("by-data")) is None


async def test_other_requests_are_left_alone() -> None:
    assert await preparer().prepare(EmbeddingRequest(model="m", inputs=("a",)), to("by-data")) is None


async def test_what_cant_be_fetched_is_refused_by_its_place() -> None:
    """Addresses inside the network are among these: ``tests/transport`` has them."""
    with pytest.raises(NotFetched) as caught:
        await prepared("by-data", File(url="http://10.0.0.1/a.pdf"))
    assert caught.value.param == "messages[0].content[1]"
    with pytest.raises(InvalidRequest):
        await prepared("by-data", File(url="http://[::1/a.pdf"))


async def test_too_many_files_are_refused() -> None:
    files = [File(url="https://x.test/a.pdf")] * 21
    with pytest.raises(Unsupported):
        await preparer().prepare(asking(*files), to("by-data"))
