"""What could never be sent is refused when a model is made, not when it is asked."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from turnout.server.control.model_bodies import ModelChange, ModelDraft

GOOD = {"id": "m", "provider": "openai", "upstream_model": "m", "base_url": "http://127.0.0.1:9/v1", "api_key": "sk-1"}


def test_a_valid_draft_is_accepted() -> None:
    assert ModelDraft.model_validate(GOOD).base_url == GOOD["base_url"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", "http://127.0.0.1:9/v1\r\nx: y"),
        ("base_url", "http://127.0.0.1:9/v1 x"),
        ("base_url", "http://127.0.0.1:9/ü"),
        ("base_url", "http://[::1"),
        ("api_key", "sk\r\nx: y"),
        ("api_key", "sk-é"),
    ],
)
def test_an_invalid_field_is_refused_by_name(field: str, value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ModelDraft.model_validate({**GOOD, field: value})
    assert caught.value.errors()[0]["loc"] == (field,)


@pytest.mark.parametrize("form", [ModelDraft, ModelChange])
def test_the_example_in_the_documentation_can_be_sent(form: type[ModelChange]) -> None:
    assert form.model_validate(form.model_json_schema()["example"])
