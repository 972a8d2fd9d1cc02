"""Anthropic's Messages, as upstreams speak it (https://platform.claude.com/docs/en/api/messages)."""

from .provider import Anthropic

PROVIDERS = (Anthropic(),)
