"""Audio (https://platform.openai.com/docs/api-reference/audio): sound to words, and words to sound."""

from .speech import Speech
from .transcriptions import Transcriptions, Translations

__all__ = ["Speech", "Transcriptions", "Translations"]
