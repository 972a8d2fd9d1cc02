"""OpenAI's APIs, as upstreams speak them (https://platform.openai.com/docs/api-reference).

``provider.py`` has the provider of this wire, ``vendors.py`` a row for each vendor that speaks it.
"""

from .vendors import PROVIDERS

__all__ = ["PROVIDERS"]
