"""An error of the control plane has the shape that the client's SDK reads."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.asgi import InProcess


def shape_of(body: dict[str, Any]) -> str:
    """Whose errors have these fields."""
    if isinstance(body["error"], str):
        return "ollama"
    if body.get("type") == "error":
        return "anthropic"
    return "gemini" if "status" in body["error"] else "openai"


@pytest.mark.parametrize(
    ("path", "query", "headers", "shape"),
    [
        pytest.param("/v1/models/none", "", {}, "openai", id="openai"),
        pytest.param("/v1/models/none", "", {"anthropic-version": "2023-06-01"}, "anthropic", id="anthropic"),
        pytest.param("/v1/models/none", "", {"x-goog-api-key": "k"}, "gemini", id="googles-header"),
        pytest.param("/v1/models/none", "key=k", {}, "gemini", id="googles-query"),
        pytest.param("/v1/models/none", "a=b&key=k", {}, "gemini", id="googles-query-second"),
        pytest.param("/v1/models/none", "a=key", {}, "openai", id="another-query"),
        pytest.param("/v1beta/models/none", "", {}, "gemini", id="googles-path"),
    ],
)
async def test_the_shape(open_app: InProcess, path: str, query: str, headers: dict[str, str], shape: str) -> None:
    answer = await open_app.ask("GET", path, b"", headers, query=query)
    assert answer.status == 404
    assert shape_of(answer.json) == shape


@pytest.mark.parametrize(
    "name",
    ["blobs", "copy", "create", "delete", "me", "ps", "pull", "push", "show", "signout", "tags", "version"],
)
async def test_the_shape_at_ollamas_paths(open_app: InProcess, name: str) -> None:
    """Also where Turnout has nothing to offer."""
    answer = await open_app.ask("PUT", f"/api/{name}", {"model": "none"})
    assert answer.status in (404, 405)
    assert shape_of(answer.json) == "ollama"


async def test_a_defect_is_in_the_log(open_app: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client gets its request's id. The server drops the error itself, which it gets, too."""

    def broken() -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(open_app.gateway.catalog, "state", broken)
    with capture_logs() as lines, pytest.raises(ZeroDivisionError):
        await open_app.ask("GET", "/health")
    assert [(line["event"], line["path"]) for line in lines] == [("a defect in Turnout", "GET /health")]
    assert lines[0]["request_id"].startswith("req_")
