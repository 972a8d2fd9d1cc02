"""Turnout's own errors: of its configuration, of its parts, and those that a client can correct."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from .base import TurnoutError, encodable

LONGEST_MESSAGE = 2000
"""Characters of a ``RequestError``'s message."""


class ConfigError(TurnoutError):
    """The configuration has a mistake. The message names the file, the line and the key."""

    code = "invalid_config"


class StorageUnavailable(TurnoutError):
    """The database can't be opened, read or written. The data plane needs none, so its clients never see this."""

    status = 503
    code = "storage_unavailable"


class SecretsUnavailable(TurnoutError):
    """A stored secret can't be encrypted or decrypted. The message says which key is missing, and holds none."""

    status = 503
    code = "secrets_unavailable"


class Unrecorded(TurnoutError):
    """The disk takes no record of a new request, so nothing is sent. It goes on by itself once there is room."""

    status = 503
    code = "unrecorded"


class NoDeployment(TurnoutError):
    """No deployment of the model may be asked for this request. ``reasons`` pairs each one's id with the reason."""

    status = 503
    code = "no_deployment"

    def __init__(self, model: str, reasons: Sequence[tuple[str, str]]) -> None:
        named = "; ".join(f"{deployment}: {reason}" for deployment, reason in reasons)
        super().__init__(f"No deployment of '{model}' may be asked: {named}.")


class Unpriced(TurnoutError):
    """The price of none of the model's deployments is known, and the configuration wants one."""

    status = 403
    code = "unpriced"

    def __init__(self, model: str, deployments: Sequence[str]) -> None:
        super().__init__(
            f"No price is known for '{model}' ({', '.join(deployments)}), and 'unpriced: refuse' sends nothing whose "
            "cost can't be counted. Give the deployment a 'price' in the configuration, or say 'unpriced: allow'."
        )


# --- limits and budgets ---------------------------------------------------------------------------


class AllowanceError(TurnoutError):
    """A request was not let through. ``retry_after`` are seconds until another try may help; None: none will.

    ``gauge`` is the id of the limit or budget that refused it; empty where none did.
    """

    status = 429
    gauge = ""
    retry_after: float | None = None


class LimitReached(AllowanceError):
    """``gauge`` is the id of the limit. Of its ``most`` units, ``used`` count now, and the request needs ``needed``."""

    code = "rate_limit_exceeded"
    kind = "rate_limit"

    def __init__(
        self, gauge: str, says: str, *, most: int, used: int, needed: int, unit: str, retry_after: float | None
    ) -> None:
        if retry_after is None:
            when = f"This request needs {needed} {unit}, which is more than the limit, so it is never let through."
        else:
            when = f"{used} are used, this request needs {needed}. Try again in {_seconds(retry_after)}."
        super().__init__(f"Limit reached: {says}. {when}")
        self.gauge, self.most, self.used, self.needed, self.unit = gauge, most, used, needed, unit
        self.retry_after = retry_after


class BudgetSpent(AllowanceError):
    """``gauge`` is the id of the budget. The other numbers are picodollars. ``resets`` is a Unix time, or None: never.

    ``used`` is settled, ``reserved`` is for requests under way, ``needed`` is what this request may cost.
    """

    code = "insufficient_quota"  # as OpenAI calls it
    kind = "quota"

    def __init__(
        self,
        gauge: str,
        says: str,
        *,
        amounts: tuple[str, str, str],
        most: int,
        used: int,
        reserved: int,
        needed: int,
        resets: float | None,
        retry_after: float | None,
    ) -> None:
        """``amounts`` are ``used``, ``reserved`` and ``needed`` in USD."""
        spent, held, estimated = amounts
        wait = "It never resets." if resets is None else f"It resets at {moment(resets)}."
        super().__init__(
            f"Budget spent: {says}. {spent} USD are spent, {held} USD are reserved for requests under way, and this "
            f"request may cost {estimated} USD. {wait}"
        )
        self.gauge, self.most, self.used, self.reserved, self.needed = gauge, most, used, reserved, needed
        self.resets, self.retry_after = resets, retry_after


class AllowanceStoreDown(AllowanceError):
    """Limits and budgets can't be counted now, and ``store_down`` says ``closed``."""

    status = 503
    code = "allowance_store_down"
    kind = "overloaded"
    retry_after = 1.0

    def __init__(self, why: str) -> None:
        super().__init__(
            f"Limits and budgets can't be counted now, so this request is refused ('store_down: closed'): {why} "
            "Try again in a moment."
        )
        self.why = why


def _seconds(seconds: float) -> str:
    return f"{max(1, math.ceil(seconds))} s"


def moment(unix_time: float) -> str:
    """In UTC, to the second (RFC 3339)."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_time))


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
    """``status``, ``code``, the message and ``param`` are those of the error that was raised in the control process."""

    def __init__(self, status: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param


# --- the client's side -------------------------------------------------------------------------------


class RequestError(TurnoutError):
    """The client can correct this. ``param`` is the path of the wrong field in the client's dialect, or None.

    While a request is fitted to a provider, ``param`` is a name of the core's. ``own``: its numbers are already those
    of the client's body.
    """

    status = 400
    code = "invalid_request"

    def __init__(self, message: str, *, param: str | None = None, own: bool = False) -> None:
        super().__init__(_short(message))
        self.own = own
        self.param = None if param is None else encodable(_short(param))


def _short(text: str) -> str:
    """A message can quote the client, who can send megabytes."""
    return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE - 1]}…"


class InvalidRequest(RequestError):
    """Malformed JSON, a wrong type, or a value out of bounds."""


class Unreadable(InvalidRequest):
    """A part of a request that can't be translated. A provider on the client's own wire may know it."""


class Unsupported(RequestError):
    """The chosen provider or model has no way to express a part of the request."""

    code = "unsupported"


class ContextTooLong(Unsupported):
    """More tokens than this model can read; another model may. Nothing was sent to the provider."""

    code = "context_length_exceeded"
    kind = "context"

    def __init__(
        self, message: str, *, param: str | None = None, tokens: int | None = None, limit: int | None = None
    ) -> None:
        super().__init__(message, param=param)
        self.tokens, self.limit = tokens, limit


class NotFetched(Unsupported):
    """Not allowed, unreachable, too slow or too large. The message reveals nothing about the internal network."""

    code = "not_fetched"


class Unauthenticated(RequestError):
    status = 401
    code = "invalid_api_key"


class KeyExpired(Unauthenticated):
    """An API key that was good until a time, which the message tells."""

    def __init__(self, expires: int) -> None:
        """``expires`` is the Unix time in seconds from which on the key is refused."""
        end = datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        super().__init__(f"This API key has expired: it was good until {end}. Ask for a new one.")


class TokenUncheckable(RequestError):
    """The keys that would check the client's token aren't known now. Another try may help."""

    status = 503
    code = "token_uncheckable"


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
    kind = "model_not_found"

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
    kind = "overloaded"
