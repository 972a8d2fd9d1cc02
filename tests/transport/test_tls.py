"""TLS, with certificates of an authority of the tests."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.support.authority import Authority
from tests.support.raw_upstream import RawUpstream, Script, Visit, chunked, ok, replying
from turnout.core import WireRequest
from turnout.errors import NotFetched, UpstreamBroken, UpstreamError, UpstreamUnreachable
from turnout.transport import Fetcher, Transport

pytestmark = [
    pytest.mark.asyncio(loop_scope="function"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the program openssl"),
]


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server whose authority is trusted during the test."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    return authority.server("IP:127.0.0.1")


@asynccontextmanager
async def opened(tls: ssl.SSLContext, *scripts: Script) -> AsyncIterator[tuple[RawUpstream, Transport]]:
    async with RawUpstream(*scripts, tls=tls) as server:
        transport = Transport()
        try:
            yield server, transport
        finally:
            await transport.close()


async def ask(transport: Transport, url: str) -> bytes:
    response = await transport.send(WireRequest(url, {}, b"{}"), 5)
    data = await response.read_all(10_000_000)
    response.release()
    return data


async def test_an_authority_of_ones_own_is_trusted_when_named(trusted: ssl.SSLContext) -> None:
    async with opened(trusted, replying(ok(b"safe"))) as (server, transport):
        assert [await ask(transport, server.url) for _ in range(3)] == [b"safe"] * 3
        assert len(server.visits) == 1


async def test_large_bodies_pass_both_ways(trusted: ssl.SSLContext) -> None:
    async with opened(trusted, replying(ok(b"y" * 5_000_000))) as (server, transport):
        response = await transport.send(WireRequest(server.url, {}, b"x" * 5_000_000), 5)
        assert await response.read_all(10_000_000) == b"y" * 5_000_000
        assert server.requests[0].endswith(b"\r\n\r\n" + b"x" * 5_000_000)


async def refused(url: str) -> UpstreamError:
    transport = Transport()
    try:
        with pytest.raises(UpstreamError) as caught:
            await ask(transport, url)
        return caught.value
    finally:
        await transport.close()


async def test_an_untrusted_certificate_is_refused_and_explained(authority: Authority) -> None:
    async with RawUpstream(replying(ok()), tls=authority.server("IP:127.0.0.1")) as server:
        error = await refused(server.url)
        assert isinstance(error, UpstreamUnreachable)
        assert error.message.startswith(f"{server.origin} has a certificate that isn't trusted (")
        assert server.requests == []


async def test_a_certificate_of_another_name_is_refused(authority: Authority, trusted: ssl.SSLContext) -> None:
    async with RawUpstream(replying(ok()), tls=authority.server("DNS:elsewhere.test")) as server:
        error = await refused(server.url)
        assert "isn't trusted (IP address mismatch" in error.message
        assert server.requests == []


async def test_https_to_a_plain_server_is_explained() -> None:
    async def plain(visit: Visit) -> None:
        await visit.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await visit.until_left()

    async with RawUpstream(plain) as server:
        error = await refused(server.url.replace("http:", "https:"))
        assert isinstance(error, UpstreamUnreachable)
        assert "failed the TLS handshake" in error.message


async def test_http_to_a_tls_server_is_explained(trusted: ssl.SSLContext) -> None:
    async with RawUpstream(replying(ok()), tls=trusted) as server:
        error = await refused(server.url.replace("https:", "http:"))
        assert error.message.startswith(server.origin.replace("https:", "http:"))


async def test_a_body_that_was_cut_is_an_error(trusted: ssl.SSLContext) -> None:
    cut = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunked(b"hello")[:-5]
    async with opened(trusted, replying(cut, close=True)) as (server, transport):
        with pytest.raises(UpstreamBroken, match="broke off in the middle"):
            await ask(transport, server.url)


async def test_a_body_may_end_with_the_connection(trusted: ssl.SSLContext) -> None:
    async with opened(trusted, replying(b"HTTP/1.1 200 OK\r\n\r\n", b"hello", close=True)) as (server, transport):
        assert await ask(transport, server.url) == b"hello"


async def fetched(server: RawUpstream) -> bytes:
    """A client's address, whose host is ``pictures.test``."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    fetcher = Fetcher(max_bytes=100, seconds=5, private_hosts=["pictures.test"], resolve=resolve)
    return await fetcher.fetch(f"https://pictures.test:{server.port}/a.png")


@pytest.mark.usefixtures("trusted")
async def test_a_clients_address_is_fetched_with_a_certificate_for_its_host(authority: Authority) -> None:
    """Turnout connects to a numeric address, which the certificate need not name."""
    async with RawUpstream(replying(ok(b"picture")), tls=authority.server("DNS:pictures.test")) as server:
        assert await fetched(server) == b"picture"


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("names", ["DNS:elsewhere.test", "IP:127.0.0.1"])
async def test_a_clients_address_with_a_certificate_for_another_host_is_not_fetched(
    authority: Authority, names: str
) -> None:
    async with RawUpstream(replying(ok(b"picture")), tls=authority.server(names)) as server:
        with pytest.raises(NotFetched, match="can't be reached"):
            await fetched(server)
        assert server.requests == []


async def test_a_clients_address_with_an_untrusted_certificate_is_not_fetched(authority: Authority) -> None:
    async with RawUpstream(replying(ok(b"picture")), tls=authority.server("DNS:pictures.test")) as server:
        with pytest.raises(NotFetched, match="can't be reached"):
            await fetched(server)
        assert server.requests == []
