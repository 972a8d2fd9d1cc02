"""The OpenAPI document of both planes, and the page that shows it.

The page has no scripts and loads nothing. Its content security policy forbids both.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from typing import Any

from fastapi import FastAPI

from turnout.dialects import registry
from turnout.server.access import Need
from turnout.server.endpoints import paths_of

from .needs import NEEDS

Document = dict[str, Any]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
summary { cursor: pointer; } pre { overflow-x: auto; padding: .5rem; border: 1px solid; }
b { display: inline-block; min-width: 4rem; } i { float: right; }
"""
_STYLE_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
PAGE_HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}


def document_everything(app: FastAPI) -> None:
    """Adds the data plane's routes, which FastAPI doesn't know, and the key that each route needs."""
    control_document = app.openapi

    def openapi() -> Document:
        document = control_document()
        for path, dialect, endpoint in paths_of(registry().values()):
            media_type = getattr(endpoint, "request_type", "application/json")  # only endpoints for forms have it
            document["paths"].setdefault(path, {})["post"] = _operation(path, dialect.name, media_type)
        schemes = {
            "key": {"type": "http", "scheme": "bearer", "description": "any header or `?key=` of an SDK will do"}
        }
        document["components"]["securitySchemes"] = schemes
        for name, need in _needs():
            method, _, path = name.partition(" ")
            if path in document["paths"]:
                document["paths"][path][method.lower()] |= _security(need)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend its document


def _needs() -> Iterator[tuple[str, Need]]:
    for name, need in NEEDS.items():
        yield name.replace(":path}", "}"), need
    for path, _, _ in paths_of(registry().values()):
        yield f"POST {path}", Need.KEY


def _security(need: Need) -> Document:
    return {"security": [] if need is Need.NOTHING else [{"key": []}], "x-needs": need.value}


def _operation(path: str, dialect: str, media_type: str) -> Document:
    reply = {"description": "The answer, whole or as a stream, in the same dialect."}
    model = {"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "tags": ["inference"],
        "summary": f"In the {dialect} dialect",
        "operationId": f"{dialect}_{re.sub('[^a-zA-Z0-9]+', '_', path).strip('_')}",
        "parameters": [model] if "{model}" in path else [],
        "requestBody": {"required": True, "content": {media_type: {"schema": {"type": "object"}}}},
        "responses": {"200": reply, "4XX": {"description": "An error in the dialect's shape."}},
    }


def page(document: Document) -> str:
    """An HTML page: all routes by subject, with parameters, body and needed key; then the schemas of the bodies."""
    info = document["info"]
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    subjects = dict.fromkeys(operation["tags"][0] for _, _, operation in operations)
    parts = [
        f"<h2>{escape(subject)}</h2>{''.join(_route(*row) for row in operations if row[2]['tags'][0] == subject)}"
        for subject in subjects
    ]
    schemas = [_details(escape(name), schema) for name, schema in document["components"].get("schemas", {}).items()]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Turnout</title><style>{_STYLE}</style>'
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['description'])} "
        '<a href="openapi.json">openapi.json</a> says the same to programs. A key is needed where the server wants '
        f"keys.</p>{''.join(parts)}<h2>schemas</h2>{''.join(schemas)}</html>"
    )


def _route(path: str, method: str, operation: Document) -> str:
    title = (
        f"<b>{escape(method.upper())}</b> <code>{escape(path)}</code> {escape(operation['summary'])} "
        f"<i>needs {escape(operation['x-needs'])}</i>"
    )
    fields = {name: operation[name] for name in ("description", "parameters", "requestBody") if operation.get(name)}
    return _details(title, fields)


def _details(title: str, fields: Document) -> str:
    text = escape(json.dumps(fields, indent=2, ensure_ascii=False))
    return f"<details><summary>{title}</summary><pre>{text}</pre></details>"
