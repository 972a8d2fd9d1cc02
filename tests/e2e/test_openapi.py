"""The OpenAPI document lists the data plane, too, with what each path takes."""

from __future__ import annotations

from typing import Any

from tests.e2e.stage import Stage
from turnout.dialects import registry


async def test_every_path_of_every_dialect_is_listed(stage: Stage) -> None:
    listed: dict[str, Any] = (await stage.get("/openapi.json")).json["paths"]
    paths = [path for dialect in registry().values() for endpoint in dialect.endpoints for path in endpoint.paths]
    assert [path for path in paths if "post" not in listed.get(path, {})] == []
    names = [listed[path]["post"]["operationId"] for path in paths]
    assert len(names) == len(set(names))


async def test_forms_are_told_from_json(stage: Stage) -> None:
    listed: dict[str, Any] = (await stage.get("/openapi.json")).json["paths"]

    def taken(path: str) -> list[str]:
        return list(listed[path]["post"]["requestBody"]["content"])

    for path in ("audio/transcriptions", "audio/translations", "images/edits"):
        assert taken(f"/v1/{path}") == taken(f"/openai/deployments/{{model}}/{path}") == ["multipart/form-data"]
    assert taken("/v1/embeddings") == taken("/v1/chat/completions") == ["application/json"]
