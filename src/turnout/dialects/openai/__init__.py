"""OpenAI's APIs, as clients speak them (https://platform.openai.com/docs/api-reference)."""

from .dialect import OpenAI

DIALECTS = (OpenAI(),)
