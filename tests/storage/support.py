"""Rows to store."""

from __future__ import annotations

from typing import Any

from turnout.storage import AttemptRow


def row(request_id: str, number: int = 1, **changes: Any) -> AttemptRow:
    told: dict[str, Any] = {
        "attempt_id": f"{request_id}-{number}",
        "request_id": request_id,
        "number": number,
        "started": 1_764_000_000_000_000,
        "dialect": "anthropic",
        "key_id": "key_1",
        "user": "alice",
        "model": "fast",
        "deployment": "fast/openai/0",
        "provider": "openai",
        "upstream_model": "gpt-4o-mini",
        "stream": False,
        "outcome": "ok",
        "status": 200,
        "queue": 1,
        "total": 2,
    }
    return AttemptRow(**(told | changes))
