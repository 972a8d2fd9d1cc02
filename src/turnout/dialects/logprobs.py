"""Log probabilities of tokens, in the form that OpenAI's wire has and others took over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from turnout.core import TokenLogprob


def token_fields(token: TokenLogprob) -> dict[str, Any]:
    """The token without its alternatives. Where the provider gives no bytes, a token holds whole characters."""
    token_bytes = token.token.encode(errors="replace") if token.bytes is None else token.bytes
    return {"token": token.token, "logprob": token.logprob, "bytes": list(token_bytes)}


def tokens_with_alternatives(tokens: Iterable[TokenLogprob]) -> list[dict[str, Any]]:
    return [token_fields(token) | {"top_logprobs": [token_fields(top) for top in token.top]} for token in tokens]
