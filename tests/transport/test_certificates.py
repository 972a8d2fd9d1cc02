"""Authorities and client certificates of a provider."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.authority import Authority
from tests.support.raw_upstream import RawUpstream, ok, replying
from turnout.core import Network, WireRequest
from turnout.errors import UpstreamError, UpstreamUnreachable
from turnout.transport import Transport

pytestmark = pytest.mark.asyncio(loop_scope="function")


@asynccontextmanager
async def opened() -> AsyncIterator[Transport]:
    transport = Transport({})
    try:
        yield transport
    finally:
        await transport.close()


async def ask(transport: Transport, url: str, network: Network | None) -> bytes:
    response = await transport.send(WireRequest(url, {}, b"{}").through(network), 5)
    data = await response.read_all(1000)
    response.abort()
    return data


async def failure(transport: Transport, url: str, network: Network | None) -> str:
    with pytest.raises(UpstreamError) as caught:
        await ask(transport, url, network)
    return caught.value.message


async def test_a_provider_has_authorities_of_its_own(authority: Authority) -> None:
    async with (
        RawUpstream(replying(ok(b"safe")), tls=authority.server("IP:127.0.0.1")) as server,
        opened() as transport,
    ):
        assert await ask(transport, server.url, Network(ca=str(authority.certificate))) == b"safe"
        assert "isn't trusted" in await failure(transport, server.url, None)


async def test_a_client_shows_its_certificate(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.sign("client", "DNS:client.test")
    together = tmp_path / "together.pem"
    together.write_bytes(certificate.read_bytes() + key.read_bytes())
    ca = str(authority.certificate)
    tls = authority.server("IP:127.0.0.1", asks_client=True)
    async with RawUpstream(replying(ok(b"safe")), tls=tls) as server, opened() as transport:
        apart = Network(ca=ca, client_cert=str(certificate), client_key=str(key))
        assert await ask(transport, server.url, apart) == b"safe"
        assert await ask(transport, server.url, Network(ca=ca, client_cert=str(together))) == b"safe"
        assert (await failure(transport, server.url, Network(ca=ca))).startswith(server.origin)


async def test_a_renewed_file_is_read_again(authority: Authority, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(Authority(other).certificate, ca)
    async with (
        RawUpstream(replying(ok(b"safe")), tls=authority.server("IP:127.0.0.1")) as server,
        opened() as transport,
    ):
        assert "isn't trusted" in await failure(transport, server.url, Network(ca=str(ca)))
        shutil.copy(authority.certificate, ca)
        os.utime(ca, ns=(1, 1))  # another time, even on a file system with coarse ones
        assert await ask(transport, server.url, Network(ca=str(ca))) == b"safe"


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["missing", "not-pem"])
@pytest.mark.parametrize("is_ca", [True, False], ids=["ca", "client_cert"])
async def test_files_that_can_not_be_read_are_named(tmp_path: Path, is_ca: bool, content: str | None) -> None:
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_text(content)
    network = Network(ca=str(path)) if is_ca else Network(client_cert=str(path))
    async with opened() as transport:
        with pytest.raises(UpstreamUnreachable, match=r"file\.pem can't be read"):
            await ask(transport, "https://127.0.0.1:1/", network)


async def test_a_key_with_a_password_is_an_error_and_asks_nobody(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.sign("locked", "DNS:client.test")
    locked = tmp_path / "locked.key"
    authority.lock(key, locked)
    async with opened() as transport:
        network = Network(client_cert=str(certificate), client_key=str(locked))
        with pytest.raises(UpstreamUnreachable, match="the key needs a password"):
            await ask(transport, "https://127.0.0.1:1/", network)
