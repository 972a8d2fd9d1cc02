"""Counts tokens before anything is sent: a text, or a whole request with its messages, tools, images and documents.

Counts offline: exactly where the provider's tokenizer is public (OpenAI's texts), else by a factor that was measured
for the family of models; ``docs/tokens.md`` has the errors. The first count loads the tokenizer.
"""

from .context import ContextCheck
from .counting import count, count_text
from .families import FAMILIES, Family, family_of
from .weights import TOKEN, weigh

__all__ = ["FAMILIES", "TOKEN", "ContextCheck", "Family", "count", "count_text", "family_of", "weigh"]
