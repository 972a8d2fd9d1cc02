"""Anthropic's Messages, as clients speak it (https://platform.claude.com/docs/en/api/messages)."""

from .dialect import Anthropic

DIALECTS = (Anthropic(),)
