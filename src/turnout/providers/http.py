"""Reads error replies, for all providers over HTTP."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from turnout.core import Deployment
from turnout.core.printable import printable_line
from turnout.errors import UpstreamRateLimited, UpstreamRefused, UpstreamUnauthenticated


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds to wait by the header ``Retry-After``, which has seconds or a date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        return _seconds_until(value)
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _seconds_until(date: str) -> float | None:
    try:
        at = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:  # the two obsolete forms of dates name no zone, and are in GMT
        at = at.replace(tzinfo=UTC)
    return max(at.timestamp() - time.time(), 0.0)


def refused(
    status: int,
    message: str,
    deployment: Deployment,
    *,
    wait: float | None = None,
    native_code: str | None = None,
    key_prefix: str = "",
    advice: str = "",
) -> UpstreamRefused:
    """The error for a status, with advice. ``message`` is the provider's own text, and may be empty.

    ``advice`` is special to the provider. If it is empty, the error has the general advice for the status.
    """
    text = f"{deployment.provider} answered {status}: {printable_line(message) or '(no message)'}"
    advice = advice or _advice(status, deployment, key_prefix)
    if advice:
        text = f"{text.rstrip('.')}. {advice}"
    if status in (401, 403):
        return UpstreamUnauthenticated(status, text, retry_after=wait, native_code=native_code)
    if status == 429:
        return UpstreamRateLimited(status, text, retry_after=wait, native_code=native_code)
    return UpstreamRefused(status, text, retry_after=wait, native_code=native_code)


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
