"""A long body of every chat wire: each field that its dialect reads, and some that it doesn't."""

from __future__ import annotations

import base64
from typing import Any

from tests.support.sdks import PNG
from turnout.dialects import Target

IMAGE = base64.b64encode(PNG).decode()
OTHER_IMAGE = base64.b64encode(PNG + b"x").decode()
SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}}
Body = dict[str, Any]

CHAT: Body = {
    "model": "m",
    "temperature": 0,
    "top_p": 0.5,
    "max_completion_tokens": 11,
    "seed": 1,
    "stop": ["x"],
    "n": 1,
    "presence_penalty": 0.1,
    "frequency_penalty": 0.2,
    "logprobs": True,
    "top_logprobs": 2,
    "logit_bias": {"5": 1},
    "user": "u",
    "metadata": {"a": "b"},
    "parallel_tool_calls": True,
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}},
    "reasoning_effort": "low",
    "service_tier": "flex",
    "top_k": 3,
    "verbosity": "low",
    "prediction": {"type": "content", "content": "zz"},
    "messages": [
        {"role": "system", "content": "sys"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "hi"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IMAGE}", "detail": "low"}},
            ],
            "name": "bob",
        },
        {
            "role": "assistant",
            "content": "c",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"q":1}'}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "res"},
    ],
    "tools": [
        {"type": "function", "function": {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True}}
    ],
}
ANTHROPIC: Body = {
    "model": "m",
    "max_tokens": 10,
    "temperature": 0,
    "top_p": 0.5,
    "top_k": 3,
    "stop_sequences": ["x"],
    "metadata": {"user_id": "u"},
    "system": [{"type": "text", "text": "sys"}],
    "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "service_tier": "auto",
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "hi"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": IMAGE}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "t", "signature": "s"},
                {"type": "tool_use", "id": "c1", "name": "f", "input": {"q": 1}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "c1",
                    "content": [{"type": "text", "text": "r"}],
                    "is_error": False,
                }
            ],
        },
    ],
    "tools": [{"name": "f", "description": "d", "input_schema": SCHEMA}],
}
GEMINI: Body = {
    "contents": [
        {"role": "user", "parts": [{"text": "hi"}, {"inlineData": {"mimeType": "image/png", "data": IMAGE}}]},
        {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"q": 1}, "id": "x"}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}, "id": "x"}}]},
    ],
    "systemInstruction": {"parts": [{"text": "sys"}]},
    "tools": [{"functionDeclarations": [{"name": "f", "description": "d", "parametersJsonSchema": SCHEMA}]}],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
    "generationConfig": {
        "temperature": 0,
        "topP": 0.5,
        "topK": 3,
        "seed": 4,
        "presencePenalty": 0.1,
        "frequencyPenalty": 0.2,
        "maxOutputTokens": 5,
        "stopSequences": ["x"],
        "responseMimeType": "application/json",
        "responseSchema": {"type": "OBJECT"},
        "thinkingConfig": {"thinkingBudget": 5, "includeThoughts": True},
    },
    "safetySettings": [{"category": "a", "threshold": "b"}],
    "labels": {"a": "b"},
}
OLLAMA: Body = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "hi", "images": [IMAGE]},
        {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": {"q": 1}}}]},
        {"role": "tool", "content": "r", "tool_name": "f"},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": SCHEMA}}],
    "format": SCHEMA,
    "think": True,
    "keep_alive": "5m",
    "options": {"temperature": 0, "top_p": 0.5, "top_k": 3, "seed": 4, "num_predict": 5, "num_ctx": 5, "mirostat": 1},
    "logprobs": True,
    "top_logprobs": 2,
}
RESPONSES: Body = {
    "model": "m",
    "temperature": 0,
    "top_p": 0.5,
    "max_output_tokens": 10,
    "store": False,
    "instructions": "ins",
    "metadata": {"a": "b"},
    "parallel_tool_calls": True,
    "tool_choice": {"type": "function", "name": "f"},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}, "verbosity": "low"},
    "reasoning": {"effort": "low", "summary": "auto"},
    "include": ["reasoning.encrypted_content"],
    "truncation": "auto",
    "user": "u",
    "top_logprobs": 1,
    "input": [
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "hi"},
                {"type": "input_image", "image_url": f"data:image/png;base64,{IMAGE}", "detail": "low"},
            ],
        },
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"q":1}'},
        {"type": "function_call_output", "call_id": "c1", "output": "r"},
    ],
    "tools": [{"type": "function", "name": "f", "description": "d", "parameters": SCHEMA, "strict": True}],
}
GENERATE: Body = {
    "model": "m",
    "prompt": "hi",
    "system": "s",
    "template": "t",
    "suffix": "x",
    "context": [1, 2],
    "images": [IMAGE],
    "options": {"temperature": 0, "num_predict": 5},
}

BODIES: dict[str, tuple[str, Body, Target]] = {
    "openai-chat": ("/v1/chat/completions", CHAT, Target()),
    "openai-responses": ("/v1/responses", RESPONSES, Target()),
    "anthropic": ("/v1/messages", ANTHROPIC, Target()),
    "gemini": ("/v1beta/{model}:generateContent", GEMINI, Target("models/m")),
    "ollama": ("/api/chat", OLLAMA, Target()),
    "ollama-generate": ("/api/generate", GENERATE, Target()),
}
