"""OpenAI's Chat Completions, as upstreams speak it (https://platform.openai.com/docs/api-reference/chat).

``provider.py`` holds the wire's provider, ``vendors.py`` one row for everybody who speaks it.
"""

from .vendors import PROVIDERS

__all__ = ["PROVIDERS"]
