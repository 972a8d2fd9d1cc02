"""Counts tokens before anything is sent: a text, or a whole request with its messages, tools, images and documents.

Offline. Exact where the provider's tokenizer is public (OpenAI's texts), else estimated by a factor that was measured
for the family of models; ``docs/tokens.md`` has the errors. Nothing is loaded until the first count asks for it.
"""

from .context import ContextCheck
from .counting import count, count_text
from .families import FAMILIES, Family, family_of

__all__ = ["FAMILIES", "ContextCheck", "Family", "count", "count_text", "family_of"]
