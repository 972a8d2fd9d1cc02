"""Audio (https://platform.openai.com/docs/api-reference/audio): transcriptions, and speech from text."""

from .speech import Speech
from .transcriptions import Transcriptions, Translations

__all__ = ["Speech", "Transcriptions", "Translations"]
