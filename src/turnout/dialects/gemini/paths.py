"""The paths of Gemini's methods. ``v1beta1`` is Vertex AI's, which ``google-genai`` uses when it is set to."""

from __future__ import annotations

_VERSIONS = ("v1beta", "v1", "v1beta1")


def paths_of(method: str) -> tuple[str, ...]:
    """``{model}`` stands for ``models/NAME`` or ``tunedModels/NAME``."""
    return tuple([f"/{version}/{{model}}:{method}" for version in _VERSIONS])
