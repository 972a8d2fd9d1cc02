"""OpenAI's Responses as upstreams speak them (https://platform.openai.com/docs/api-reference/responses)."""

from .count import InputTokensWire
from .operation import ResponsesWire, StatefulResponsesWire

__all__ = ["InputTokensWire", "ResponsesWire", "StatefulResponsesWire"]
