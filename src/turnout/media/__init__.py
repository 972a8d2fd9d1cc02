"""Images on their way to a model: checked, turned upright, resized and re-encoded to what the model takes.

Nothing here opens a socket: fetching is handed in.
"""

from .inspect import MAX_PIXELS, Checked, check
from .preparer import ImagePreparer, ImageSupport

__all__ = ["MAX_PIXELS", "Checked", "ImagePreparer", "ImageSupport", "check"]
