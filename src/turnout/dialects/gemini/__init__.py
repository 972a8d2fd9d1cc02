"""Google's Gemini API, as clients speak it (https://ai.google.dev/api)."""

from .dialect import Gemini

DIALECTS = (Gemini(),)
