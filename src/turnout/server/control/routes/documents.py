"""The OpenAPI document, and its page."""

from __future__ import annotations

import json
from functools import cache

from fastapi import APIRouter, FastAPI, Request, Response

from turnout.server.control.documentation import PAGE_HEADERS, page


def router() -> APIRouter:
    routes = APIRouter(include_in_schema=False)
    document, html = cache(_document), cache(_page)  # made once, in a thread: it takes long

    @routes.get("/openapi.json")
    def openapi(request: Request) -> Response:
        return Response(document(request.app), media_type="application/json")

    @routes.get("/docs")
    def docs(request: Request) -> Response:
        return Response(html(request.app), media_type="text/html", headers=PAGE_HEADERS)

    return routes


def _document(app: FastAPI) -> bytes:
    return json.dumps(app.openapi(), ensure_ascii=False).encode()


def _page(app: FastAPI) -> bytes:
    return page(app.openapi()).encode()
