"""Every error that Turnout raises on purpose, with the HTTP status and the stable code that a client sees.

TurnoutError
├── ConfigError                        a mistake in the configuration: file, line, key, what was expected
├── StorageUnavailable            503  the database can't be opened, read or written
├── ControlError                       the control process of this host was asked, and no answer came
│   ├── ControlUnavailable        503  it isn't there now, or it ended with the question
│   ├── ControlTimeout            504  it didn't answer in time
│   └── ControlRefused                 it answered with an error, whose status and code are kept
├── RequestError                       the client's request can't be served as it stands
│   ├── InvalidRequest            400  malformed or out of bounds; names the field
│   ├── Unsupported               400  valid, but this provider or model can't do it
│   │   ├── ContextTooLong        400  more tokens than the model can read or write
│   │   └── NotFetched            400  Turnout couldn't fetch an address for a provider that doesn't fetch
│   ├── Unauthenticated           401  no key, or an invalid one
│   ├── Forbidden                 403  a valid key without the right to do this
│   │   └── ForeignPage           403  no key, and a foreign web page may have sent the request
│   ├── NotFound                  404  no such route or record
│   │   └── UnknownModel          404  no such model; names similar ones
│   ├── MethodNotAllowed          405
│   ├── Conflict                  409  the name is taken, or another client has changed it first
│   ├── RequestTimeout            408  the body did not arrive in time
│   ├── BodyTooLarge              413
│   ├── AddressTooLong            414
│   ├── UnsupportedCoding         415  the body is packed in a way that isn't unpacked here
│   ├── HeadersTooLarge           431
│   └── Overloaded                503  the service has too many requests, or is shutting down
└── UpstreamError                      a deployment failed
    ├── UpstreamRefused                the provider answered with an error status
    │   ├── UpstreamUnauthenticated    401, 403: the deployment's credentials
    │   └── UpstreamRateLimited   429  the provider asks to wait; it can say how long
    ├── UpstreamUnreachable       502  no connection: refused, reset before an answer, no such host
    ├── UpstreamTimeout           504  connected, but too slow
    ├── UpstreamBroken            502  the answer is cut, malformed, or of another wire
    │   └── ReplyTooLarge         502  the answer is above the bound; a retry would be as large
    └── AllDeploymentsFailed           every deployment of the plan failed; carries each failure
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Self
from urllib.parse import quote


class TurnoutError(Exception):
    """The base class. ``str(error)`` is safe to show to a client and says what to do."""

    status: int = 500
    code: str = "internal_error"

    def __init__(self, message: str) -> None:
        message = _encodable(message)
        super().__init__(message)
        self.message = message

    def afresh(self) -> Self:
        """A copy without the traceback.

        An object that keeps an error keeps such a copy, and raises another one. The frames of a traceback hold the
        request and often that object itself, so that the two would keep each other alive.
        """
        copy = type(self).__new__(type(self), *self.args)
        copy.__dict__.update(self.__dict__)
        return copy


def _encodable(text: str) -> str:
    """Replaces half characters (``"\\ud800"``), which a client's text can hold and a reply can't."""
    return text if text.isascii() else text.encode(errors="replace").decode()


class ConfigError(TurnoutError):
    """The configuration has a mistake. The message names the file, the line and the key."""

    code = "invalid_config"


class StorageUnavailable(TurnoutError):
    """The database can't be opened, read or written. The data plane needs none, so its clients never see this."""

    status = 503
    code = "storage_unavailable"


# --- the control process of this host ---------------------------------------------------------------


class ControlError(TurnoutError):
    """``maybe_done``: the control process may have done what it was asked, although it didn't say so."""

    status = 503
    code = "control_unavailable"
    maybe_done = False


class ControlUnavailable(ControlError):
    """Another try may help as soon as the control process was started again, which takes a second or two."""

    def __init__(self, what: str, *, maybe_done: bool = False) -> None:
        super().__init__(
            f"The control process {what}. Turnout starts it again when it ends: try again in a moment. "
            "If this lasts, the log says why."
        )
        self.maybe_done = maybe_done


class ControlTimeout(ControlError):
    status = 504
    code = "control_timeout"
    maybe_done = True

    def __init__(self, subject: str, deadline_ms: float) -> None:
        super().__init__(f"The control process did not answer about '{subject}' within {deadline_ms:g} ms.")


class ControlRefused(ControlError):
    """``status``, ``code`` and the message are those of the error that was raised in the control process."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


# --- the client's side -------------------------------------------------------------------------------


class RequestError(TurnoutError):
    """The client can correct this. ``param`` is the path of the wrong field in the client's dialect, or None."""

    status = 400
    code = "invalid_request"

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(_short(message))
        self.param = None if param is None else _encodable(_short(param))


def _short(text: str) -> str:
    """A message can quote the client, who can send megabytes."""
    return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE - 1]}…"


class InvalidRequest(RequestError):
    """Malformed JSON, a wrong type, or a value out of bounds."""


class Unsupported(RequestError):
    """The chosen provider or model has no way to express a part of the request."""

    code = "unsupported"


class ContextTooLong(Unsupported):
    """More tokens than this model can read or write; another model may. Nothing was sent to the provider."""

    code = "context_length_exceeded"


class NotFetched(Unsupported):
    """Not allowed, unreachable, too slow or too large. The message reveals nothing about the internal network."""

    code = "not_fetched"


class Unauthenticated(RequestError):
    status = 401
    code = "invalid_api_key"


class Forbidden(RequestError):
    status = 403
    code = "forbidden"


class ForeignPage(Forbidden):
    code = "foreign_page"


class NotFound(RequestError):
    status = 404
    code = "not_found"


class UnknownModel(NotFound):
    """``reason`` says why and what to do, as a text after a colon. Empty: unknown.

    ``close`` holds similar names, best first.
    """

    code = "model_not_found"

    def __init__(self, model: str, close: Sequence[str] = (), reason: str = "") -> None:
        problem = (
            f"The model '{model}' is not served here: {reason}"
            if reason
            else f"The model '{model}' does not exist here."
        )
        hint = (
            f" Did you mean {', '.join(close)}?" if close else "" if reason else " GET /v1/models lists what is served."
        )
        super().__init__(f"{problem}{hint}", param="model")
        self.model = model
        self.close = tuple(close)
        self.reason = reason


class MethodNotAllowed(RequestError):
    """``allow`` is the value of the ``Allow`` header: the path's methods."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, message: str, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


class Conflict(RequestError):
    status = 409
    code = "conflict"


class RequestTimeout(RequestError):
    status = 408
    code = "request_timeout"


class BodyTooLarge(RequestError):
    status = 413
    code = "body_too_large"


class AddressTooLong(RequestError):
    status = 414
    code = "address_too_long"


class UnsupportedCoding(RequestError):
    """``accepted`` is the value of the ``Accept-Encoding`` header: the codings that are taken."""

    status = 415
    code = "unsupported_encoding"

    def __init__(self, message: str, accepted: str) -> None:
        super().__init__(message)
        self.accepted = accepted


class HeadersTooLarge(RequestError):
    status = 431
    code = "headers_too_large"


class Overloaded(RequestError):
    """Refused before any work was done: a retry is safe."""

    status = 503
    code = "overloaded"


# --- the upstream's side -----------------------------------------------------------------------------


class UpstreamError(TurnoutError):
    """A deployment failed.

    ``retryable``: a retry at the same deployment may succeed.
    ``elsewhere``: another deployment may succeed. False when the request itself is wrong.
    ``retry_after``: seconds that the provider asked to wait; None when it didn't ask.
    ``excerpt``: the start of an unreadable reply. Only for the log at level ``debug``: it can hold private texts.
    ``attempts``, ``provider``, ``deployment``: for reply headers. The last two are those of the last attempt.
    """

    status = 502
    code = "upstream_error"
    retryable = True
    elsewhere = True
    attempts = 0
    provider = ""
    deployment = ""

    def __init__(self, message: str, *, retry_after: float | None = None, excerpt: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.excerpt = excerpt

    def conceal(self, secret: str) -> None:
        """Removes ``secret`` in every encoding from the texts: some providers quote the key that they refuse."""
        if len(secret) < SHORTEST_SECRET:
            return
        for encoded in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], b64encode(secret.encode()).decode()):
            self.message = self.message.replace(encoded, "***")
            self.excerpt = self.excerpt.replace(encoded, "***")
        self.args = (self.message,)


class UpstreamRefused(UpstreamError):
    """The provider answered with an error status, which the client gets.

    400, 413 and 422 mean a wrong request: no other deployment is tried. 401, 403 and 404 mean a wrong deployment.
    """

    code = "upstream_refused"

    def __init__(
        self, status: int, message: str, *, retry_after: float | None = None, native_code: str | None = None
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.status = status if 400 <= status <= 599 else 502
        self.native_code = native_code
        self.retryable = status in RETRYABLE_STATUSES
        self.elsewhere = status not in REQUEST_AT_FAULT


class UpstreamUnauthenticated(UpstreamRefused):
    code = "upstream_unauthenticated"


class UpstreamRateLimited(UpstreamRefused):
    code = "upstream_rate_limited"


class UpstreamUnreachable(UpstreamError):
    code = "upstream_unreachable"


class UpstreamTimeout(UpstreamError):
    status = 504
    code = "upstream_timeout"


class UpstreamBroken(UpstreamError):
    code = "upstream_broken"


class ReplyTooLarge(UpstreamBroken):
    """Another deployment may give a shorter answer. The same one probably won't."""

    retryable = False


class AllDeploymentsFailed(UpstreamError):
    """Every deployment of the plan failed. ``failures`` pairs each deployment's id with its last error."""

    code = "all_deployments_failed"
    retryable = False
    elsewhere = False

    def __init__(self, model: str, failures: Sequence[tuple[str, TurnoutError]]) -> None:
        reasons = "; ".join(f"{deployment}: {error.message}" for deployment, error in failures)
        super().__init__(
            f"All deployments of '{model}' failed. {reasons}",
            retry_after=min((wait for _, error in failures if (wait := _retry_after(error)) is not None), default=None),
        )
        self.failures = tuple(failures)
        statuses = {error.status for _, error in failures}
        self.status = statuses.pop() if len(statuses) == 1 else 502


def _retry_after(error: TurnoutError) -> float | None:
    return error.retry_after if isinstance(error, UpstreamError) else None


LONGEST_MESSAGE = 2000
"""Characters of a ``RequestError``'s message."""

SHORTEST_SECRET = 8
"""Characters. A shorter text is no secret, and it can be a part of other words."""

RETRYABLE_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Statuses after which a retry at the same deployment may succeed."""

REQUEST_AT_FAULT = frozenset({400, 413, 422})
"""Statuses of a wrong request. Another deployment would refuse it, too."""
