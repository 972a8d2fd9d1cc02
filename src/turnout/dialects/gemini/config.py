"""``generationConfig`` → the core's settings.

Fields that the core doesn't have are kept under names such as ``generationConfig.speechConfig``.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.core import Output, Reasoning, Sampling

from . import gemini_bodies as wire
from .fields import Fields, typed
from .schema import json_schema

WHERE = "generationConfig"
_CONFIG = msgspec.json.Decoder(wire.GenerationConfig, strict=False)
_THINKING = msgspec.json.Decoder(wire.ThinkingConfig, strict=False)
_JSON = "application/json"
_NO_CONFIG = wire.GenerationConfig()


def read_config(raw: Raw | None, extensions: Fields) -> wire.GenerationConfig:
    """Adds the fields that the core doesn't have to ``extensions``."""
    if raw is None:
        return _NO_CONFIG
    config, fields = typed(_CONFIG, raw, WHERE)
    for name in config.__struct_encode_fields__:
        fields.pop(name, None)
    if config.response_modalities not in (None, [], ["TEXT"]):
        fields["responseModalities"] = Raw(msgspec.json.encode(config.response_modalities))
    if config.response_mime_type not in (None, "", "text/plain", _JSON):
        fields["responseMimeType"] = Raw(msgspec.json.encode(config.response_mime_type))
    extensions |= {f"{WHERE}.{name}": raw for name, raw in fields.items()}
    return config


def sampling_of(config: wire.GenerationConfig) -> Sampling:
    return Sampling(
        temperature=config.temperature,
        top_p=config.top_p,
        top_k=config.top_k,
        seed=config.seed,
        presence_penalty=config.presence_penalty,
        frequency_penalty=config.frequency_penalty,
        logprobs=config.response_logprobs,
        top_logprobs=config.logprobs,
    )


def output_of(config: wire.GenerationConfig) -> Output:
    if config.response_json_schema:
        return Output("json_schema", config.response_json_schema)
    if config.response_schema:
        return Output("json_schema", json_schema(config.response_schema, f"{WHERE}.responseSchema"))
    return Output("json") if config.response_mime_type == _JSON else Output()


def reasoning_of(config: wire.GenerationConfig) -> Reasoning | None:
    """``includeThoughts: false`` hides no thoughts: other models' signatures travel with them and would be lost."""
    if not config.thinking_config:
        return None
    thinking, _ = typed(_THINKING, config.thinking_config, f"{WHERE}.thinkingConfig")
    level, budget = thinking.thinking_level, thinking.thinking_budget
    if level and level != "THINKING_LEVEL_UNSPECIFIED":
        return Reasoning(effort=level.lower())
    if budget == 0:
        return Reasoning(enabled=False)
    if budget is None and not thinking.include_thoughts:
        return None
    return Reasoning(budget=budget if budget != -1 else None)
