"""Prepares images for a model: checks them, turns them upright, resizes and re-encodes them to fit its limits.

Nothing here opens a socket: the caller hands in a function that fetches.
"""

from .inspect import MAX_PIXELS, Checked, check
from .preparer import ImagePreparer, ImageSupport

__all__ = ["MAX_PIXELS", "Checked", "ImagePreparer", "ImageSupport", "check"]
