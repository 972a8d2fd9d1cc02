"""What goes along with a client's own body: its query, and its headers."""

from __future__ import annotations

import re
from typing import Final

from msgspec import structs

from turnout.core import WireBody, WireForm, WireRequest

_OURS: Final = frozenset({"key", "alt", "api-version"})
"""Fields of a query that say how to reach Turnout, or that the deployment decides."""
_HARMLESS: Final = re.compile(r"[A-Za-z0-9._~%=+,:;@!$'()*/?-]*")
"""A field as RFC 3986, 3.4 has it. Another one could change the rest of the address."""


def with_relayed_parts(wire_request: WireRequest, raw: WireBody | WireForm) -> WireRequest:
    """The values that the provider's own code has set stay."""
    query = raw.query if isinstance(raw, WireBody) else ""
    if not raw.headers and not query:
        return wire_request
    own = {name.lower() for name in wire_request.headers}
    more = {name: value for name, value in raw.headers.items() if name not in own}
    return structs.replace(
        wire_request,
        url=_with_query(wire_request.url, query) if query else wire_request.url,
        headers=wire_request.headers | more,
    )


def _with_query(url: str, query: str) -> str:
    path, _, own = url.partition("?")
    taken = _OURS | {field.partition("=")[0] for field in own.split("&")}
    fields = [
        field
        for field in query.split("&")
        if field and field.partition("=")[0].lower() not in taken and _HARMLESS.fullmatch(field)
    ]
    whole = "&".join([own, *fields] if own else fields)
    return f"{path}?{whole}" if whole else path
