"""An error that the simulated vendor answers with."""

from __future__ import annotations


class Refused(Exception):
    """Makes the simulator answer with an error in the vendor's shape.

    ``param`` and ``code`` are those of OpenAI's errors. ``retry_after`` is in seconds. ``retry_as_date``: it is sent as
    an HTTP date. ``retry_ms`` is milliseconds, for the header ``retry-after-ms``
    (https://github.com/openai/openai-python/issues/957).
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: int | None = None,
        retry_as_date: bool = False,
        retry_ms: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code
        self.retry_after = retry_after
        self.retry_as_date = retry_as_date
        self.retry_ms = retry_ms
