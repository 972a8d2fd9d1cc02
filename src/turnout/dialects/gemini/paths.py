"""Where Gemini's clients ask. ``v1beta1`` is Vertex AI's, which ``google-genai`` asks when it is told to."""

from __future__ import annotations

_VERSIONS = ("v1beta", "v1", "v1beta1")


def paths_of(method: str) -> tuple[str, ...]:
    """The model is ``models/NAME`` or ``tunedModels/NAME``."""
    return tuple([f"/{version}/{{model}}:{method}" for version in _VERSIONS])
