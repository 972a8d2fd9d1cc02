"""Access to a vendor: its addresses and its credentials."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

import msgspec

from turnout.core import NO_CHANGES, Change, Deployment, WireRequest
from turnout.core.paths import segment
from turnout.providers.addresses import Base, base_of

from .azure_versions import unknown_fields

Address = Callable[[Deployment, str], str]
"""The URL for requests to a deployment: ``(deployment, "chat/completions")`` → URL."""


_REQUEST: Final = re.compile(
    r"/(chat/completions|completions|responses|embeddings|images/(generations|edits)|audio/(speech|transcriptions))\Z"
)
_UNDER_V1: Final = re.compile(r"/v1(/.*)?\Z|/completion\Z")
_AZURE_REQUEST: Final = re.compile(r"/openai(/(v1|deployments|responses|models)(/.*)?)?\Z")
_NO_FIELDS: Final[frozenset[str]] = frozenset()
_API_VERSION: Final = re.compile(r"(?:^|&)api-version=([^&]*)")


def v1_address(deployment: Deployment, path: str) -> str:
    """``base_url``, with ``/v1`` added when it is only a host and a port."""
    return _v1_address(deployment.base_url, path)


@lru_cache(4096)
def _v1_address(base_url: str, path: str) -> str:
    base = base_of(base_url, _REQUEST)
    return base.at(f"/{path}" if base.path or base.was_whole else f"/v1/{path}")


def root_address(deployment: Deployment, path: str) -> str:
    """For a path that isn't under ``/v1``, unlike all others of llama.cpp."""
    return base_of(deployment.base_url, _UNDER_V1).at(f"/{path}")


def azure_address(deployment: Deployment, path: str) -> str:
    """Azure's v1 paths, or the paths of a dated ``api-version``, which have the deployment in them but no Responses.

    The version can be in the base address, too: Azure's portal shows whole addresses of requests.
    https://learn.microsoft.com/azure/ai-foundry/openai/reference and …/openai/api-version-lifecycle
    """
    base, written = _azure_base(deployment.base_url)
    version = deployment.api_version or written
    if path.startswith("responses"):
        version = "v1"
    if not version or not version[:1].isdigit():
        query = f"?api-version={quote(version, safe='')}" if version and version != "v1" else ""
        return base.at(f"/openai/v1/{path}{query}")
    if path == "models":
        return base.at(f"/openai/models?api-version={quote(version, safe='')}")
    return base.at(f"/openai/deployments/{segment(deployment.model)}/{path}?api-version={quote(version, safe='')}")


@lru_cache(4096)
def _azure_base(base_url: str) -> tuple[Base, str | None]:
    """The base address without the version in its query, and this version."""
    base = base_of(base_url, _AZURE_REQUEST)
    written = _API_VERSION.search(base.query)
    others = base._replace(query=_API_VERSION.sub("", base.query).lstrip("&"))
    return others, unquote(written[1]) if written else None


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def api_key_header(key: str) -> dict[str, str]:
    return {"api-key": key}


def knows_all(deployment: Deployment) -> frozenset[str]:
    return _NO_FIELDS


def azure_unknown_fields(deployment: Deployment) -> frozenset[str]:
    """The fields that the deployment's dated version doesn't have. The version v1 has all."""
    return unknown_fields(deployment.api_version or _azure_base(deployment.base_url)[1])


class Access(msgspec.Struct, frozen=True):
    """The access that all operations of one vendor share. ``vendor`` is its name, for errors.

    ``unknown_fields`` are hints in a chat that the deployment refuses to be told.
    """

    vendor: str
    address: Address = v1_address
    credentials: Callable[[str], dict[str, str]] = bearer
    unknown_fields: Callable[[Deployment], frozenset[str]] = knows_all

    def streams_usage(self, deployment: Deployment) -> bool:
        """Whether a stream may be asked for its usage."""
        return deployment.traits.stream_options and "stream_options" not in self.unknown_fields(deployment)

    def request(
        self,
        deployment: Deployment,
        path: str,
        body: bytes,
        media_type: str = "application/json",
        changes: tuple[Change, ...] = NO_CHANGES,
    ) -> WireRequest:
        headers = self._headers(deployment, media_type)
        return WireRequest(self.address(deployment, path), headers, body, changes=changes)

    def get_request(self, deployment: Deployment, path: str) -> WireRequest:
        """A GET."""
        return WireRequest(self.address(deployment, path), self._headers(deployment, "application/json"), b"", "GET")

    def _headers(self, deployment: Deployment, media_type: str) -> dict[str, str]:
        headers = {"content-type": media_type, **deployment.headers}
        if deployment.api_key:
            headers |= self.credentials(deployment.api_key.reveal())
        return headers
