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
        ("api_key", ""),
        ("api_key", " \n"),
        ("api_key", "k" * 4097),
        ("base_url", "ftp://h/v1"),
        ("base_url", "http:///v1"),
        ("base_url", "http://h:0/v1"),
        ("base_url", "http://h/v1?a=b"),
        ("base_url", "http://h/v1#a"),
        ("base_url", "http://user@h/v1"),
        ("base_url", f"http://h/{'a' * 2040}"),
        ("id", "a b"),
        ("id", "a//b"),
        ("id", "a/../b"),
        ("id", "a?b"),
        ("id", ""),
        ("id", "m" * 257),
        ("name", " "),
        ("name", "n" * 257),
        ("api_key_env", "-KEY"),
        ("api_key_env", "K" * 65),
        ("max_tokens", 0),
        ("max_tokens", 1_000_000_001),
        ("cost_per_1k_input", -0.001),
        ("cost_per_1k_output", 1000.001),
        ("cost_per_1k_output", "Infinity"),
        ("capabilities", ["text"] * 65),
        ("type", "chart"),
        ("status", "deprecated"),
    ],
)
def test_an_invalid_field_is_refused_by_name(field: str, value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ModelDraft.model_validate({**GOOD, field: value})
    assert caught.value.errors()[0]["loc"] == (field,)


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [
        ("price", "input", "NaN"),
        ("price", "input", -1),
        ("price", "output", 1_000_001),
        ("price", "cached_input", "Infinity"),
        ("timeouts", "connect", 0),
        ("timeouts", "total", 86_401),
        ("timeouts", "everything", 1),
    ],
)
def test_an_invalid_field_of_a_section_is_refused_by_name(section: str, field: str, value: object) -> None:
    fields = {"input": 1, "output": 1} if section == "price" else {}
    with pytest.raises(ValidationError) as caught:
        ModelDraft.model_validate({**GOOD, section: {**fields, field: value}})
    assert caught.value.errors()[0]["loc"] == (section, field)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("id", ["m", "m" * 256, "team/fast", "a/b/c", "ü:1"]),
        ("name", ["n", "n" * 256]),
        ("api_key", ["k", "k" * 4096]),
        ("api_key_env", ["K", "K" * 64]),
        ("base_url", ["https://h", "http://[::1]:9/v1/", f"http://h/{'a' * 2039}"]),
        ("max_tokens", [1, 1_000_000_000]),
        ("cost_per_1k_input", [0, 1000]),
        ("price", [{"input": 0, "output": 1_000_000}, {"input": 1, "output": 1, "cached_input": 0, "cache_write": 1}]),
        ("timeouts", [{}, {"connect": 0.001, "total": 86_400}]),
        ("capabilities", [[], ["text"] * 64]),
    ],
)
def test_a_field_may_be_as_large_and_as_small_as_its_bounds(field: str, values: list[object]) -> None:
    for value in values:
        ModelDraft.model_validate({**GOOD, field: value})


def test_a_line_break_at_the_end_of_a_key_is_not_part_of_it() -> None:
    key = ModelDraft.model_validate({**GOOD, "api_key": " sk-1\n"}).api_key
    assert key is not None
    assert key.get_secret_value() == "sk-1"


def test_spaces_around_a_text_are_not_part_of_it() -> None:
    assert ModelDraft.model_validate({**GOOD, "name": " Fast\n"}).name == "Fast"


@pytest.mark.parametrize("form", [ModelDraft, ModelChange])
def test_the_example_in_the_documentation_can_be_sent(form: type[ModelChange]) -> None:
    assert form.model_validate(form.model_json_schema()["example"])
