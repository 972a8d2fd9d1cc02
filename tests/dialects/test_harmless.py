"""Fields of one wire that change no word of the answer: on every other wire they are left out, and that is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from turnout.core import ChatRequest, Deployment, Support
from turnout.dialects import Target, endpoint_at
from turnout.fitting import fit

ELSEWHERE = Support(namespace="elsewhere", knobs=frozenset(), ignores=frozenset())
ASKED = [{"role": "user", "content": "hi"}]
OPTIONS = "embedding_only f16_kv logits_all low_vram main_gpu num_batch num_ctx num_gpu num_keep num_thread numa"
FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "/v1/chat/completions": (
        {"messages": ASKED},
        "store service_tier safety_identifier prompt_cache_key prompt_cache_options prompt_cache_retention",
    ),
    "/v1/responses": ({"input": "hi"}, "max_tool_calls"),
    "/v1/messages": ({"messages": ASKED, "max_tokens": 5}, "cache_control diagnostics user"),
    "/api/chat": (
        {"messages": ASKED},
        " ".join(f"options.{name}" for name in [*OPTIONS.split(), "use_mlock", "use_mmap", "vocab_only"])
        + " keep_alive shift truncate",
    ),
    "/completion": (
        {"prompt": "hi"},
        "cache_prompt id_slot n_cache_reuse n_keep return_progress slot_id sse_ping_interval timings_per_token"
        " metadata title",
    ),
    "/v1beta/{model}:generateContent": (
        {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
        "generationConfig.mediaResolution labels safetySettings serviceTier",
    ),
}
CASES = [(path, field) for path, (_, fields) in FIELDS.items() for field in fields.split()]


def saying(path: str, field: str) -> ChatRequest:
    body: dict[str, Any] = {"model": "m", **FIELDS[path][0]}
    outer, _, inner = field.rpartition(".")
    place: dict[str, Any] = body.setdefault(outer, {}) if outer else body
    place[inner] = "x"
    request: ChatRequest = endpoint_at(path).parse(json.dumps(body).encode(), Target("m"))
    return request


@pytest.mark.parametrize(("path", "field"), CASES)
def test_it_is_left_out_elsewhere(path: str, field: str) -> None:
    request = saying(path, field)
    fitted = fit(request, "p", ELSEWHERE, Deployment(id="d", provider="p", model="m"))
    assert field in [change.field for change in fitted.changes if not change.kept]
