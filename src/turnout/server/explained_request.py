"""A request that is explained and not sent, as ``POST /v1/route/explain`` and ``turnout explain`` take it.

Either a chat request of OpenAI's dialect, or ``{"path": "/v1/messages", "body": {…}}`` with a request of any dialect.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final, NamedTuple

import msgspec

from turnout.core import Request
from turnout.dialects import Dialect, Endpoint, Target, registry
from turnout.errors import InvalidRequest

from .endpoints import Endpoints

CHAT: Final = "/v1/chat/completions"

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_path = msgspec.json.Decoder(str).decode


class ExplainedRequest(NamedTuple):
    """``size`` is that of the request's own body, in bytes."""

    request: Request
    size: int
    dialect: Dialect
    endpoint: Endpoint[Any, Any]


def read_explained(body: bytes) -> ExplainedRequest:
    """Raises ``InvalidRequest``."""
    try:
        fields = _decode(body)
        path = _decode_path(fields["path"]) if "path" in fields else CHAT
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"This is no request to explain: {error}.") from error
    match = _endpoints().find(path)
    if match is None:
        raise InvalidRequest(f"No model answers at '{path}'. GET /docs lists the paths.", param="path")
    own = bytes(fields["body"]) if "path" in fields and "body" in fields else body
    request: Request = match.endpoint.parse(own, Target(match.model, "", "application/json"))
    return ExplainedRequest(request, len(own), match.dialect, match.endpoint)


@cache
def _endpoints() -> Endpoints:
    return Endpoints(registry().values())
