"""Prepares images and files for a model: checks images, turns them upright, resizes and re-encodes them to fit its
limits, and fetches files.

Nothing here opens a socket: the caller hands in a function that fetches.
"""

from .files import Fetch, FilePreparer
from .inspect import MAX_PIXELS, Checked, check
from .preparer import ImagePreparer, ImageSupport

__all__ = ["MAX_PIXELS", "Checked", "Fetch", "FilePreparer", "ImagePreparer", "ImageSupport", "check"]
