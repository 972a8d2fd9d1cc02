"""Errors of the vector store."""

from __future__ import annotations

from .base import TurnoutError
from .own import Conflict, RequestError


class VectorsUnavailable(TurnoutError):
    """Qdrant can't be asked now, or not used as it is set up."""

    status = 503
    code = "vectors_unavailable"


class VectorsNotInstalled(TurnoutError):
    status = 503
    code = "vectors_not_installed"

    def __init__(self) -> None:
        super().__init__(
            "Vectors need the package qdrant-client, which isn't installed here: pip install 'turnout[vectors]', and "
            "restart Turnout."
        )


class VectorsFull(Conflict):
    """The store that is embedded in Turnout takes no more points."""

    code = "vectors_full"


class PartlyWritten(RequestError):
    """``cause`` came when the first points of a batch were written already. Status and ``param`` are its own."""

    code = "partly_written"

    def __init__(self, written: int, total: int, cause: TurnoutError) -> None:
        super().__init__(
            f"The first {written} of the {total} points are written, some of the others may be. Then: {cause.message} "
            "Send them again when that is mended: a point that is there is replaced.",
            param=getattr(cause, "param", None),
        )
        self.status = cause.status
