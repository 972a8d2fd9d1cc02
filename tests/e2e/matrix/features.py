"""The rows: what can be said in a conversation, as each SDK says it."""

from __future__ import annotations

import base64
from typing import Any

from tests.e2e.matrix.cell import Feature
from tests.support.contract import ON_WIRES
from tests.support.sdks import PNG
from turnout.simulator.answer import signature

CITY: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
IMAGE = base64.b64encode(PNG).decode()
PDF = base64.b64encode(b"%PDF-1.4 a page").decode()
WAV = base64.b64encode(b"RIFF a sound").decode()
URL = "https://pictures.example/train.png"
CHAT, RESPONSES, ANTHROPIC, GEMINI, OLLAMA = "OpenAI Chat", "OpenAI Responses", "Anthropic", "Gemini", "Ollama"
EVERYONE = (CHAT, RESPONSES, ANTHROPIC, GEMINI, OLLAMA)
HIDES_THOUGHTS = frozenset({"openai", "azure"})
CACHE_IS_UNKNOWN = frozenset({"ollama", "vllm"})
EVERYBODY = frozenset(ON_WIRES)
NO_REFUSALS = frozenset({"ollama"})


def functions(dialect: str, *names: str) -> dict[str, Any]:
    """Tools of those names, offered."""
    if dialect == ANTHROPIC:
        return {"tools": [{"name": name, "description": "d", "input_schema": CITY} for name in names]}
    if dialect == RESPONSES:
        return {"tools": [{"type": "function", "name": n, "parameters": CITY, "strict": False} for n in names]}
    if dialect == GEMINI:
        declared = [{"name": name, "description": "d", "parameters_json_schema": CITY} for name in names]
        return {"config": {"tools": [{"function_declarations": declared}]}}
    tools = [{"type": "function", "function": {"name": n, "description": "d", "parameters": CITY}} for n in names]
    return {"tools": tools}


def offered(*names: str) -> dict[str, dict[str, Any]]:
    return {dialect: functions(dialect, *names) for dialect in EVERYONE}


def choosing(**choices: Any) -> dict[str, dict[str, Any]]:
    """Two tools, and what is said of choosing among them."""
    asks = {}
    for dialect, choice in choices.items():
        name = {"chat": CHAT, "responses": RESPONSES, "anthropic": ANTHROPIC, "gemini": GEMINI}[dialect]
        offer = functions(name, "find_train", "find_bus")
        if name == GEMINI:
            offer["config"]["tool_config"] = {"function_calling_config": choice}
            asks[name] = offer
        else:
            asks[name] = offer | choice
    return asks


def user(*content: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(content)}]


def everywhere() -> dict[str, dict[str, Any]]:
    return {dialect: {} for dialect in EVERYONE}


def knob(
    chat: str = "", responses: str = "", anthropic: str = "", gemini: str = "", ollama: str = "", *, value: Any
) -> dict[str, dict[str, Any]]:
    """One field with one value, where each SDK has it."""
    asks: dict[str, dict[str, Any]] = {}
    if chat:
        asks[CHAT] = {chat: value}
    if responses:
        asks[RESPONSES] = {responses: value}
    if anthropic:
        in_the_sdk = anthropic in ("max_tokens", "stop_sequences")  # the newest version of the API has no sampling
        asks[ANTHROPIC] = {anthropic: value} if in_the_sdk else {"extra_body": {anthropic: value}, **OLDER}
    if gemini:
        asks[GEMINI] = {"config": {gemini: value}}
    if ollama:
        asks[OLLAMA] = {"options": {ollama: value}}
    return asks


OLDER = {"extra_headers": {"anthropic-version": "2023-06-01"}}
TEXT: dict[str, Any] = {"type": "text", "text": "Look."}
INPUT_TEXT: dict[str, Any] = {"type": "input_text", "text": "Look."}
SCHEMA_FORMAT = {"type": "json_schema", "name": "place", "schema": CITY, "strict": True}
THINKS = "I answer with them."

FEATURES = (
    Feature(name="Text", asks=everywhere()),
    Feature(name="Text, streamed", asks=everywhere(), stream=True),
    Feature(
        name="System prompt",
        asks={
            CHAT: {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say 7131."}]},
            RESPONSES: {"instructions": "Be brief."},
            ANTHROPIC: {"system": "Be brief."},
            GEMINI: {"config": {"system_instruction": "Be brief."}},
            OLLAMA: {
                "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say 7131."}]
            },
        },
        sent=("Be brief.",),
    ),
    Feature(
        name="Earlier turns",
        asks={
            **{
                dialect: {
                    field: [
                        {"role": "user", "content": "Hi."},
                        {"role": "assistant", "content": "So do I."},
                        {"role": "user", "content": "Say 7131."},
                    ]
                }
                for dialect, field in (
                    (CHAT, "messages"),
                    (RESPONSES, "input"),
                    (ANTHROPIC, "messages"),
                    (OLLAMA, "messages"),
                )
            },
            GEMINI: {
                "contents": [
                    {"role": "user", "parts": [{"text": "Hi."}]},
                    {"role": "model", "parts": [{"text": "So do I."}]},
                    {"role": "user", "parts": [{"text": "Say 7131."}]},
                ]
            },
        },
        sent=("So do I.",),
    ),
    Feature(
        name="Usage",
        asks=everywhere(),
        prompt="one two three four five six seven",
        sent=("seven",),
        shown=(": 7", ": 9"),
    ),
    Feature(
        name="Usage, streamed",
        asks=everywhere() | {CHAT: {"stream_options": {"include_usage": True}}},
        prompt="one two three four five six seven",
        sent=("seven",),
        shown=(": 7", ": 9"),
        stream=True,
    ),
    Feature(
        name="Tokens read from a cache",
        asks={dialect: {} for dialect in EVERYONE if dialect != OLLAMA},
        prompt=" ".join(["word"] * 22),
        sent=("word",),
        shown=(": 11",),
        script="cached",
        unsaid_by=CACHE_IS_UNKNOWN,
    ),
    Feature(
        name="Cache markers",
        asks={
            ANTHROPIC: {"messages": user({**TEXT, "text": "Say 7131.", "cache_control": {"type": "ephemeral"}})},
            CHAT: {"messages": user({**TEXT, "text": "Say 7131.", "cache_control": {"type": "ephemeral"}})},
        },
        sent=("cache_control",),
    ),
    Feature(
        name="Tool call",
        asks=offered("find_train"),
        prompt="Please use a tool.",
        sent=("find_train",),
        shown=("find_train", "city 1"),
    ),
    Feature(
        name="Tool call, streamed",
        asks=offered("find_train"),
        prompt="Please use a tool.",
        sent=("find_train",),
        shown=("find_train", "city 1"),
        stream=True,
    ),
    Feature(
        name="Parallel tool calls",
        asks=offered("find_train", "find_bus"),
        prompt="Please use all tools.",
        sent=("find_bus",),
        shown=("find_train", "city 1", "find_bus", "city 2"),
    ),
    Feature(
        name="Parallel tool calls, streamed",
        asks=offered("find_train", "find_bus"),
        prompt="Please use all tools.",
        sent=("find_bus",),
        shown=("find_train", "city 1", "find_bus", "city 2"),
        stream=True,
    ),
    Feature(
        name="One tool call at a time",
        asks=choosing(
            chat={"parallel_tool_calls": False},
            responses={"parallel_tool_calls": False},
            anthropic={"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        ),
        sent=('"parallel_tool_calls":false', '"disable_parallel_tool_use":true'),
    ),
    Feature(
        name="Some tool has to be called",
        asks=choosing(
            chat={"tool_choice": "required"},
            responses={"tool_choice": "required"},
            anthropic={"tool_choice": {"type": "any"}},
            gemini={"mode": "ANY"},
        ),
        sent=('"tool_choice":"required"', '"any"', '"ANY"'),
        shown=("find_train", "city 1"),
    ),
    Feature(
        name="One tool has to be called",
        asks=choosing(
            chat={"tool_choice": {"type": "function", "function": {"name": "find_bus"}}},
            responses={"tool_choice": {"type": "function", "name": "find_bus"}},
            anthropic={"tool_choice": {"type": "tool", "name": "find_bus"}},
            gemini={"mode": "ANY", "allowed_function_names": ["find_bus"]},
        ),
        sent=("find_bus",),
        shown=("find_bus", "city 1"),
    ),
    Feature(
        name="No tool may be called",
        asks=choosing(
            chat={"tool_choice": "none"},
            responses={"tool_choice": "none"},
            anthropic={"tool_choice": {"type": "none"}},
            gemini={"mode": "NONE"},
        ),
        prompt="Please use a tool.",
        sent=("Please use a tool.",),
        shown=("You said: Please use a tool.",),
    ),
    Feature(
        name="Tool results",
        asks={
            CHAT: {
                "messages": [
                    {"role": "user", "content": "Where?"},
                    {
                        "role": "assistant",
                        "tool_calls": [
                            {"id": "call_1", "type": "function", "function": {"name": "find_train", "arguments": "{}"}}
                        ],
                    },
                    {"role": "tool", "tool_call_id": "call_1", "content": "At noon."},
                ],
                **functions(CHAT, "find_train"),
            },
            RESPONSES: {
                "input": [
                    {"role": "user", "content": "Where?"},
                    {"type": "function_call", "call_id": "call_1", "name": "find_train", "arguments": "{}"},
                    {"type": "function_call_output", "call_id": "call_1", "output": "At noon."},
                ],
                **functions(RESPONSES, "find_train"),
            },
            ANTHROPIC: {
                "messages": [
                    {"role": "user", "content": "Where?"},
                    {
                        "role": "assistant",
                        "content": [{"type": "tool_use", "id": "call_1", "name": "find_train", "input": {}}],
                    },
                    *user({"type": "tool_result", "tool_use_id": "call_1", "content": "At noon."}),
                ],
                **functions(ANTHROPIC, "find_train"),
            },
            GEMINI: {
                "contents": [
                    {"role": "user", "parts": [{"text": "Where?"}]},
                    {"role": "model", "parts": [{"function_call": {"name": "find_train", "args": {}}}]},
                    {
                        "role": "user",
                        "parts": [{"function_response": {"name": "find_train", "response": {"result": "At noon."}}}],
                    },
                ],
                **functions(GEMINI, "find_train"),
            },
            OLLAMA: {
                "messages": [
                    {"role": "user", "content": "Where?"},
                    {"role": "assistant", "tool_calls": [{"function": {"name": "find_train", "arguments": {}}}]},
                    {"role": "tool", "tool_name": "find_train", "content": "At noon."},
                ],
                **functions(OLLAMA, "find_train"),
            },
        },
        sent=("At noon.",),
        shown=("The tools said:", "At noon."),
    ),
    Feature(
        name="Output by a JSON schema",
        asks={
            CHAT: {"response_format": {"type": "json_schema", "json_schema": {"name": "place", "schema": CITY}}},
            RESPONSES: {"text": {"format": SCHEMA_FORMAT}},
            ANTHROPIC: {"output_config": {"format": {"type": "json_schema", "schema": CITY}}},
            GEMINI: {"config": {"response_mime_type": "application/json", "response_json_schema": CITY}},
            OLLAMA: {"format": CITY},
        },
        sent=("days",),
        shown=("city 1",),
    ),
    Feature(
        name="JSON mode",
        asks={
            CHAT: {"response_format": {"type": "json_object"}},
            RESPONSES: {"text": {"format": {"type": "json_object"}}},
            GEMINI: {"config": {"response_mime_type": "application/json"}},
            OLLAMA: {"format": "json"},
        },
        prompt="Say 7131 in JSON.",
        sent=("json_object", "application/json", '"json"', "JSON object"),
        shown=("7131",),
    ),
    Feature(
        name="Image, base64",
        asks={
            CHAT: {
                "messages": user(TEXT, {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IMAGE}"}})
            },
            RESPONSES: {
                "input": user(
                    INPUT_TEXT, {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{IMAGE}"}
                )
            },
            ANTHROPIC: {
                "messages": user(
                    TEXT,
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": IMAGE}},
                )
            },
            GEMINI: {"contents": ["Look.", {"inline_data": {"mime_type": "image/png", "data": PNG}}]},
            OLLAMA: {"messages": [{"role": "user", "content": "Look.", "images": [IMAGE]}]},
        },
        sent=("Look.",),
        shown=("I saw 1 image",),
    ),
    Feature(
        name="Image, by address",
        asks={
            CHAT: {"messages": user(TEXT, {"type": "image_url", "image_url": {"url": URL}})},
            RESPONSES: {"input": user(INPUT_TEXT, {"type": "input_image", "detail": "auto", "image_url": URL})},
            ANTHROPIC: {"messages": user(TEXT, {"type": "image", "source": {"type": "url", "url": URL}})},
            GEMINI: {"contents": ["Look.", {"file_data": {"file_uri": URL, "mime_type": "image/png"}}]},
        },
        sent=(URL,),
        shown=("I saw 1 image", URL),
    ),
    Feature(
        name="Document (PDF)",
        asks={
            CHAT: {
                "messages": user(
                    TEXT,
                    {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}},
                )
            },
            RESPONSES: {
                "input": user(
                    INPUT_TEXT,
                    {"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"},
                )
            },
            ANTHROPIC: {
                "messages": user(
                    TEXT,
                    {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}},
                )
            },
            GEMINI: {
                "contents": ["Look.", {"inline_data": {"mime_type": "application/pdf", "data": b"%PDF-1.4 a page"}}]
            },
        },
        sent=(PDF,),
        refused_by={CHAT: frozenset({"vllm", "llamacpp"})},
        shown=("I read 1 document: 15 bytes",),
    ),
    Feature(
        name="Audio",
        asks={
            CHAT: {"messages": user(TEXT, {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}})},
            GEMINI: {"contents": ["Look.", {"inline_data": {"mime_type": "audio/wav", "data": b"RIFF a sound"}}]},
        },
        sent=(WAV,),
        shown=("I heard 1 recording: 12 bytes",),
    ),
    Feature(
        name="Thinking asked for",
        asks={
            CHAT: {"reasoning_effort": "low"},
            RESPONSES: {"reasoning": {"effort": "low"}},
            ANTHROPIC: {"thinking": {"type": "enabled", "budget_tokens": 1024}},
            GEMINI: {
                "config": {
                    "thinking_config": {"include_thoughts": True, "thinking_budget": 1024},
                    "max_output_tokens": 2048,
                }
            },
            OLLAMA: {"think": "low"},
        },
        sent=("reasoning_effort", '"reasoning"', '"thinking"', "thinkingConfig", '"think"', "thinking_budget"),
    ),
    Feature(
        name="Thinking shown",
        asks=everywhere(),
        shown=(THINKS, "You said: Say 7131."),
        script="thinking",
        unsaid_by=HIDES_THOUGHTS,
    ),
    Feature(
        name="Thinking shown, streamed",
        asks={dialect: {} for dialect in EVERYONE},
        shown=(THINKS, "You said: Say 7131."),
        script="thinking",
        stream=True,
        unsaid_by=HIDES_THOUGHTS,
    ),
    Feature(
        name="Signed thoughts, sent back",
        asks={
            ANTHROPIC: {
                "messages": [
                    {"role": "user", "content": "Hi."},
                    {
                        "role": "assistant",
                        "content": [
                            {"type": "thinking", "thinking": "Hm.", "signature": signature("Hm.")},
                            {"type": "text", "text": "So do I."},
                        ],
                    },
                    {"role": "user", "content": "Say 7131."},
                ]
            }
        },
        sent=(signature("Hm."),),
        unsaid_by=EVERYBODY - {"anthropic"},
    ),
    Feature(
        name="Signed calls, sent back",
        asks={
            GEMINI: {
                "contents": [
                    {"role": "user", "parts": [{"text": "Where?"}]},
                    {
                        "role": "model",
                        "parts": [
                            {
                                "function_call": {"name": "find_train", "args": {}},
                                "thought_signature": base64.b64decode(signature("find_train")),
                            }
                        ],
                    },
                    {
                        "role": "user",
                        "parts": [{"function_response": {"name": "find_train", "response": {"result": "At noon."}}}],
                    },
                ],
                **functions(GEMINI, "find_train"),
            }
        },
        sent=("At noon.",),
        shown=("The tools said: At noon.",),
        script="thinking",
        unsaid_by=EVERYBODY - {"gemini"},
    ),
    Feature(
        name="Refusal",
        asks=everywhere(),
        shown=("I can't help with that.",),
        script="refusal",
        unsaid_by=NO_REFUSALS,
    ),
    Feature(
        name="Log probabilities",
        asks={
            CHAT: {"logprobs": True, "top_logprobs": 2},
            RESPONSES: {"include": ["message.output_text.logprobs"], "top_logprobs": 2},
            GEMINI: {"config": {"response_logprobs": True, "logprobs": 2}},
            OLLAMA: {"logprobs": True, "top_logprobs": 2},
        },
        sent=("logprobs", "responseLogprobs"),
        shown=("-0.", " 7131."),
    ),
    Feature(
        name="Several answers (n)",
        asks={CHAT: {"n": 2}, GEMINI: {"config": {"candidate_count": 2}}},
        sent=('"n":2', "andidateCount", "candidate_count"),
        shown=('"index": 1',),
    ),
    Feature(
        name="Most tokens",
        asks=knob("max_tokens", "max_output_tokens", "max_tokens", "max_output_tokens", "num_predict", value=77),
        sent=("77",),
    ),
    Feature(
        name="Stop sequences",
        asks=knob("stop", "", "stop_sequences", "stop_sequences", "stop", value=[" 7132"]),
        prompt="Say 7131 7132 7133.",
        sent=(' 7132"',),
        shown=("You said: Say 7131",),
    ),
    Feature(
        name="Seed",
        asks=knob("seed", "", "", "seed", "seed", value=424242),
        sent=("424242",),
    ),
    Feature(
        name="Temperature",
        asks=knob("temperature", "temperature", "temperature", "temperature", "temperature", value=0.375),
        sent=("0.375",),
    ),
    Feature(name="top_p", asks=knob("top_p", "top_p", "top_p", "top_p", "top_p", value=0.625), sent=("0.625",)),
    Feature(
        name="top_k",
        asks=knob("", "", "top_k", "top_k", "top_k", value=37) | {CHAT: {"extra_body": {"top_k": 37}}},
        sent=(":37", ": 37"),
        refused_by={CHAT: frozenset({"openai", "azure"})},
    ),
    Feature(
        name="Presence penalty",
        asks=knob("presence_penalty", "", "", "presence_penalty", "presence_penalty", value=0.875),
        sent=("0.875",),
    ),
    Feature(
        name="Frequency penalty",
        asks=knob("frequency_penalty", "", "", "frequency_penalty", "frequency_penalty", value=0.875),
        sent=("0.875",),
    ),
    Feature(name="Logit bias", asks={CHAT: {"logit_bias": {"50256": -1}}}, sent=("50256",)),
    Feature(
        name="User's id",
        asks={
            CHAT: {"user": "user-7140"},
            RESPONSES: {"user": "user-7140"},
            ANTHROPIC: {"metadata": {"user_id": "user-7140"}},
        },
        sent=("user-7140",),
    ),
)
