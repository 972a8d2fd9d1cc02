"""What providers over HTTP have in common: reading error replies."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from turnout.core import Deployment
from turnout.core.words import plain
from turnout.errors import UpstreamRateLimited, UpstreamRefused, UpstreamUnauthenticated


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a ``Retry-After`` header asks to wait, given as seconds or as a date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        return _until(value)
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _until(date: str) -> float | None:
    try:
        at = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:  # the two obsolete forms of dates name no zone; all are in GMT
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
    cure: str = "",
) -> UpstreamRefused:
    """The error for a status, with what to do about it. ``message`` is the provider's own words, ``cure`` what it
    knows to help better than what helps with every provider.
    """
    said = f"{deployment.provider} answered {status}: {plain(message)}"
    cure = cure or _cure(status, deployment, key_prefix)
    if cure:
        said = f"{said.rstrip('.')}. {cure}"
    if status in (401, 403):
        return UpstreamUnauthenticated(status, said, retry_after=wait, native_code=native_code)
    if status == 429:
        return UpstreamRateLimited(status, said, retry_after=wait, native_code=native_code)
    return UpstreamRefused(status, said, retry_after=wait, native_code=native_code)


def _cure(status: int, deployment: Deployment, key_prefix: str) -> str:
    if status in (401, 403):
        return _key_hint(deployment, key_prefix)
    if 300 <= status < 400:
        return "Redirects are not followed, as they would be sent the key: check the provider's address."
    if status == 404 and deployment.model:
        return f"Check the model's name '{deployment.model}', and the provider's address."
    return ""


def _key_hint(deployment: Deployment, key_prefix: str) -> str:
    where = deployment.key_source or f"'api_key' of the deployment '{deployment.id}'"
    if not deployment.api_key:
        return f"No key is set: put it into {where}."
    if key_prefix and not deployment.api_key.reveal().startswith(key_prefix):
        return f"The key in {where} does not begin with '{key_prefix}' as this provider's keys do."
    return f"Check the key in {where}."
