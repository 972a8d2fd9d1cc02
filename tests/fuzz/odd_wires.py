"""Writes an answer on each wire in the ways that vendors, proxies and local servers really do."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.fuzz.meaning import Said, pieces

Reply = dict[str, Any]


def chat_stream(said: Said, random: Random) -> list[Reply]:
    """Chunks. ``[DONE]`` has to follow."""
    place = random.choice(("delta", "delta", "message"))
    thought = random.choice(("reasoning", "reasoning_content", "parts"))
    messages: list[Reply] = [{"role": "assistant", "content": ""}]
    messages += [
        {"content": [_thinking(text, random)]} if thought == "parts" else {thought: text}
        for text in pieces(said.thoughts, random)
    ]
    messages += [
        {"content": random.choice((text, text, [{"type": "text", "text": text}]))} for text in pieces(said.text, random)
    ]
    messages += [{"tool_calls": [piece]} for piece in _call_pieces(said, random)]
    chunks = [
        _chunk({place: message, "finish_reason": random.choice((None, "", "null"))}, random) for message in messages
    ]
    plain_stop = ["stop"] if said.finish == "tool_calls" else []
    reason = said.finish if said.finish == "length" else random.choice((None, "", "null", said.finish, *plain_stop))
    return _with_usage([*chunks, _chunk({place: {}, "finish_reason": reason}, random)], said, random)


def _chunk(choice: Reply, random: Random) -> Reply:
    return {"id": "c1", "created": 1, "model": "m", "choices": [_numbered(choice, random)]}


def _with_usage(chunks: list[Reply], said: Said, random: Random) -> list[Reply]:
    usage = _chat_usage(said, random)
    match random.choice(("last", "each", "early", "own", "choice", "halves")):
        case "last":
            chunks[-1]["usage"] = usage
        case "each":
            return [chunk | {"usage": usage} for chunk in chunks]
        case "early":
            chunks[0]["usage"] = usage
            chunks[-1]["usage"] = random.choice((None, {}, {"prompt_tokens": 0, "completion_tokens": 0}))
        case "own":
            return [*chunks, {"choices": [], "usage": usage}]
        case "choice":
            chunks[-1]["choices"][0]["usage"] = usage
        case "halves":
            chunks[0]["usage"] = {"prompt_tokens": usage["prompt_tokens"]}
            chunks[-1]["usage"] = {"completion_tokens": usage["completion_tokens"]}
    return chunks


def _numbered(choice: Reply, random: Random) -> Reply:
    return choice | random.choice(({"index": 0}, {"index": 0}, {"index": None}, {"index": "0"}, {"index": 0.0}, {}))


def _thinking(text: str, random: Random) -> Reply:
    return {"type": "thinking", "thinking": random.choice((text, [{"type": "text", "text": text}]))}


def _number(value: int, random: Random) -> Any:
    return random.choice((value, value, str(value), float(value)))


def _chat_usage(said: Said, random: Random) -> Reply:
    prompt, completion = said.tokens
    usage = {"prompt_tokens": _number(prompt, random), "completion_tokens": _number(completion, random)}
    if random.random() < 0.5:
        usage["total_tokens"] = _number(prompt + completion, random)
    if random.random() < 0.5:
        usage["prompt_tokens_details"] = random.choice((None, {}, [], {"cached_tokens": None}, {"cached_tokens": 0}))
    return usage


def _call_pieces(said: Said, random: Random) -> list[Reply]:
    """In the numberings of real servers: each call one, none, all the same; its name in the first piece or in each."""
    numbering = random.choice(("each", "from one", "text", "none", "same"))
    naming = random.choice(("first", "each", "new in each", "never"))
    repeats_name = random.random() < 0.3
    made = []
    for number, (name, arguments) in enumerate(said.calls):
        text = json.dumps(arguments, ensure_ascii=random.random() < 0.5)
        given = [arguments] if random.random() < 0.2 else [piece for piece in pieces(text, random) if piece]
        index = {"each": number, "from one": number + 1, "text": str(number), "same": 0}.get(numbering)
        for at, piece in enumerate(given):
            call: Reply = {"function": {"arguments": piece}}
            if at == 0 or repeats_name:
                call["function"]["name"] = name
            if (at == 0 and naming != "never") or naming in ("each", "new in each"):
                call["id"] = f"c{number}" if naming != "new in each" or at == 0 else f"c{number}-{at}"
            if index is not None:
                call["index"] = index
            made.append(call)
    return made


def chat_body(said: Said, random: Random) -> Reply:
    calls = [
        {
            "id": random.choice((f"c{number}", number + 50)),
            "function": {"name": name, "arguments": random.choice((json.dumps(arguments), arguments))},
        }
        for number, (name, arguments) in enumerate(said.calls)
    ]
    if random.random() < 0.2:
        for call in calls:
            del call["id"]
    message: Reply = {"role": "assistant", "content": said.text, "reasoning_content": said.thoughts or None}
    if calls:
        message["tool_calls"] = calls
    reason = said.finish if said.finish == "length" else random.choice((None, "", "stop", said.finish))
    choice = _numbered({"message": message, "finish_reason": reason}, random)
    return {"id": "c1", "created": 1, "model": "m", "choices": [choice], "usage": _chat_usage(said, random)}


def anthropic_stream(said: Said, random: Random) -> list[Reply]:
    prompt, completion = (_number(tokens, random) for tokens in said.tokens)
    early = random.random() < 0.3
    counts = {"input_tokens": prompt, "output_tokens": completion if early else 1}
    message = {"id": "m1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": counts}
    events: list[Reply] = [{"type": "message_start", "message": message}]
    blocks: list[tuple[Reply, list[Reply]]] = [
        (
            {"type": kind, field: random.choice((None, ""))},
            [{"type": delta, field: text} for text in pieces(of, random)],
        )
        for kind, field, delta, of in (
            ("thinking", "thinking", "thinking_delta", said.thoughts),
            ("text", "text", "text_delta", said.text),
        )
    ]
    for number, (name, arguments) in enumerate(said.calls):
        parts = random.choice(([arguments], pieces(json.dumps(arguments), random)))
        call: Reply = {"type": "tool_use", "id": random.choice((f"c{number}", number + 50)), "name": name, "input": {}}
        if random.random() < 0.2:
            call, parts = call | {"input": random.choice((arguments, json.dumps(arguments)))}, []
        blocks.append((call, [{"type": "input_json_delta", "partial_json": part} for part in parts]))
    if random.random() < 0.3:
        blocks.insert(random.randrange(len(blocks) + 1), ({"type": "odd_block", "odd": 1}, []))
    for number, (block, deltas) in enumerate(blocks):
        index = random.choice((number, str(number)))
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    usual = {"length": "max_tokens", "tool_calls": "tool_use"}.get(said.finish, "end_turn")
    reason = usual if said.finish == "length" else random.choice((None, "end_turn", usual))
    later = random.choice((None, {}, {"input_tokens": 0})) if early else {"output_tokens": completion}
    events.append({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": later})
    return [*events, {"type": "message_stop"}]


def anthropic_body(said: Said, random: Random) -> Reply:
    content: list[Reply] = [{"type": "thinking", "thinking": said.thoughts, "signature": None}]
    content.append({"type": "text", "text": said.text, "citations": None})
    content += [
        {
            "type": "tool_use",
            "id": random.choice((f"c{number}", number + 50)),
            "name": name,
            "input": random.choice((arguments, json.dumps(arguments))),
        }
        for number, (name, arguments) in enumerate(said.calls)
    ]
    usual = {"length": "max_tokens", "tool_calls": "tool_use"}.get(said.finish, "end_turn")
    reason = usual if said.finish == "length" else random.choice((None, "end_turn", usual))
    usage = dict(zip(("input_tokens", "output_tokens"), (_number(n, random) for n in said.tokens), strict=True))
    return {"id": "m1", "type": "message", "model": "m", "content": content, "stop_reason": reason, "usage": usage}


def gemini_stream(said: Said, random: Random) -> list[Reply]:
    parts: list[Reply] = [{"text": text, "thought": True} for text in pieces(said.thoughts, random)]
    parts += [{"text": text} for text in pieces(said.text, random)]
    replies: list[Reply] = [_gemini([part], random) for part in [*parts, *_gemini_calls(said, random)]]
    replies.append(_gemini([], random, finishReason="MAX_TOKENS" if said.finish == "length" else "STOP"))
    usage = _gemini_usage(said, random)
    if random.random() < 0.3:
        replies[0]["usageMetadata"] = usage
        replies[-1]["usageMetadata"] = random.choice((None, {}, {"promptTokenCount": said.tokens[0]}))
    else:
        replies[-1]["usageMetadata"] = usage
    return replies


def _gemini(parts: list[Reply], random: Random, **more: Any) -> Reply:
    unfinished = {"finishReason": random.choice((None, "", "FINISH_REASON_UNSPECIFIED"))}
    candidate = _numbered({"content": {"role": "model", "parts": parts}} | (more or unfinished), random)
    return {"candidates": [candidate], "modelVersion": "m", "responseId": random.choice(("r1", 7, None))}


def _gemini_calls(said: Said, random: Random) -> list[Reply]:
    return [
        {
            "functionCall": {"name": name, "args": random.choice((arguments, json.dumps(arguments)))}
            | random.choice(({}, {"id": f"c{number}"}, {"id": None}, {"id": number + 50}))
        }
        for number, (name, arguments) in enumerate(said.calls)
    ]


def _gemini_usage(said: Said, random: Random) -> Reply:
    prompt, completion = (_number(tokens, random) for tokens in said.tokens)
    return {"promptTokenCount": prompt, "candidatesTokenCount": completion, "totalTokenCount": "?"}


def gemini_body(said: Said, random: Random) -> Reply:
    parts: list[Reply] = [{"text": said.thoughts, "thought": True}, {"text": said.text}, *_gemini_calls(said, random)]
    usual = "MAX_TOKENS" if said.finish == "length" else "STOP"
    reason = usual if said.finish == "length" else random.choice((None, "", usual))
    return _gemini(parts, random, finishReason=reason) | {"usageMetadata": _gemini_usage(said, random)}


def ollama_stream(said: Said, random: Random) -> list[Reply]:
    messages: list[Reply] = [{"content": "", "thinking": text} for text in pieces(said.thoughts, random)]
    messages += [{"content": text} for text in pieces(said.text, random)]
    messages += [{"content": random.choice(("", None)), "tool_calls": [call]} for call in _ollama_calls(said, random)]
    lines: list[Reply] = [{"model": "m", "message": message, "done": False} for message in messages]
    return [*lines, {"model": "m", "message": {"content": ""}} | _ollama_end(said, random)]


def _ollama_calls(said: Said, random: Random) -> list[Reply]:
    return [
        {"function": {"index": number, "name": name, "arguments": random.choice((arguments, json.dumps(arguments)))}}
        | random.choice(({}, {"id": f"c{number}"}, {"id": None}, {"id": number + 50}))
        for number, (name, arguments) in enumerate(said.calls)
    ]


def _ollama_end(said: Said, random: Random) -> Reply:
    prompt, completion = (_number(tokens, random) for tokens in said.tokens)
    reason = "length" if said.finish == "length" else random.choice((None, "", "stop", 0))
    return {"done": True, "done_reason": reason, "prompt_eval_count": prompt, "eval_count": completion}


def ollama_body(said: Said, random: Random) -> Reply:
    message = {"content": said.text, "thinking": said.thoughts, "tool_calls": _ollama_calls(said, random)}
    return {"model": "m", "message": message} | _ollama_end(said, random)


STREAMS: dict[str, Callable[[Said, Random], list[Reply]]] = {
    "openai": chat_stream,
    "anthropic": anthropic_stream,
    "gemini": gemini_stream,
    "ollama": ollama_stream,
}
BODIES: dict[str, Callable[[Said, Random], Reply]] = {
    "openai": chat_body,
    "anthropic": anthropic_body,
    "gemini": gemini_body,
    "ollama": ollama_body,
}
