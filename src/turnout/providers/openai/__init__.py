"""OpenAI's APIs, as upstreams speak them (https://platform.openai.com/docs/api-reference).

``provider.py`` holds the wire's provider, ``vendors.py`` one row for everybody who speaks it.
"""

from .vendors import PROVIDERS

__all__ = ["PROVIDERS"]
