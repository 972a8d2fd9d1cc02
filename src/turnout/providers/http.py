"""Reads error replies, for all providers over HTTP."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from email.utils import parsedate_to_datetime

from turnout.core import Deployment
from turnout.core.printable import printable_line
from turnout.core.relayed_headers import relayed_headers
from turnout.errors import (
    ProviderWords,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamUnauthenticated,
)

from .error_kinds import STATUS_OF


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds to wait by the header ``Retry-After``, which has seconds or a date (RFC 9110, 10.2.3), or by
    ``retry-after-ms``, OpenAI's and Azure's more exact one.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "").strip()
    seconds = _number(value)
    return seconds if seconds is not None or not value else _seconds_until(value)


def _number(text: str) -> float | None:
    """Not below 0; None for what isn't a number, and for infinity."""
    try:
        number = float(text)
    except ValueError:
        return None
    return max(number, 0.0) if math.isfinite(number) else None


def _seconds_until(date: str) -> float | None:
    try:
        at = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:  # the two obsolete forms of dates name no zone, and are in GMT
        at = at.replace(tzinfo=UTC)
    return max(at.timestamp() - time.time(), 0.0)


def refusal_of(
    status: int,
    headers: Mapping[str, str],
    words: ProviderWords,
    deployment: Deployment,
    *,
    key_prefix: str = "",
    advice: str = "",
) -> UpstreamRefused:
    """The error for a reply with an error. Its ``status`` may be 200; then the words tell the error's own."""
    answered = status if status < 300 else None
    if answered:
        status = words.status or STATUS_OF.get(words.kind, 502)
    elif words.kind == "authentication" and status == 400:
        status = 401  # Google's status for a wrong key is 400
    elif words.kind == "context" and status >= 500:
        status = 400  # a retry won't help
    if words.kind == "context" and words.limit is None:
        words = replace(words, limit=deployment.traits.context)
    wait = retry_after(headers)
    error = refused(
        status,
        words.message,
        deployment,
        wait=words.wait if wait is None else wait,
        native_code=words.code,
        key_prefix=key_prefix,
        advice=advice,
        words=words,
        answered=answered,
    )
    error.headers = relayed_headers(headers)
    return error


def refused(
    status: int,
    message: str,
    deployment: Deployment,
    *,
    wait: float | None = None,
    native_code: str | None = None,
    key_prefix: str = "",
    advice: str = "",
    words: ProviderWords | None = None,
    answered: int | None = None,
) -> UpstreamRefused:
    """The error for a status, with advice. ``message`` is the provider's own text, and may be empty.

    ``advice`` is special to the provider. If it is empty, the error has the general advice for the status.
    ``answered`` is the status of the reply where the error has another one.
    """
    text = f"{deployment.provider} answered {answered or status}: {printable_line(message) or '(no message)'}"
    advice = advice or _advice(status, deployment, key_prefix)
    if advice:
        text = f"{text.rstrip('.')}. {advice}"
    kind = {401: UpstreamUnauthenticated, 403: UpstreamUnauthenticated, 429: UpstreamRateLimited}
    error = kind.get(status, UpstreamRefused)(status, text, retry_after=wait, native_code=native_code, words=words)
    error.advice = advice
    return error


def _advice(status: int, deployment: Deployment, key_prefix: str) -> str:
    if status in (401, 403):
        return _key_advice(deployment, key_prefix)
    if 300 <= status < 400:
        return "Redirects are not followed, as they would be sent the key: check the provider's address."
    if status == 404 and deployment.model:
        return f"Check the model's name '{deployment.model}', and the provider's address."
    return ""


def _key_advice(deployment: Deployment, key_prefix: str) -> str:
    source = deployment.key_source or f"'api_key' of the deployment '{deployment.id}'"
    if not deployment.api_key:
        return f"No key is set: put it into {source}."
    if key_prefix and not deployment.api_key.reveal().startswith(key_prefix):
        return f"The key in {source} does not begin with '{key_prefix}' as this provider's keys do."
    return f"Check the key in {source}."
