"""OpenAI's Responses as upstreams speak them (https://platform.openai.com/docs/api-reference/responses)."""

from .count import InputTokensWire
from .operation import CompactWire, ResponsesWire, StatefulResponsesWire

__all__ = ["CompactWire", "InputTokensWire", "ResponsesWire", "StatefulResponsesWire"]
