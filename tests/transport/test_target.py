"""The parts of a URL, and the part that may be shown."""

from __future__ import annotations

import pytest
from msgspec import structs

from turnout.errors import UpstreamUnreachable
from turnout.transport import address_of
from turnout.transport.target import Target, provider_target_of, target_of


@pytest.mark.parametrize(
    ("url", "target"),
    [
        pytest.param("http://h/v1", Target("http://h", "h", 80, False, "h", "/v1"), id="http"),
        pytest.param("https://h/v1", Target("https://h", "h", 443, True, "h", "/v1"), id="https"),
        pytest.param("http://h:8000", Target("http://h:8000", "h", 8000, False, "h:8000", "/"), id="no-path"),
        pytest.param("http://h:80/a", Target("http://h", "h", 80, False, "h", "/a"), id="default-port"),
        pytest.param("https://h:80/a", Target("https://h:80", "h", 80, True, "h:80", "/a"), id="other-ones-default"),
        pytest.param("HTTP://Host/Path", Target("http://host", "host", 80, False, "host", "/Path"), id="capitals"),
        pytest.param("http://[::1]:9/a", Target("http://[::1]:9", "::1", 9, False, "[::1]:9", "/a"), id="ipv6"),
        pytest.param("http://h/a?b=c&d", Target("http://h", "h", 80, False, "h", "/a?b=c&d"), id="query"),
        pytest.param("http://h/a%20b", Target("http://h", "h", 80, False, "h", "/a%20b"), id="escapes-are-kept"),
        pytest.param("http://u:p@h/a", Target("http://h", "h", 80, False, "h", "/a"), id="userinfo-is-dropped"),
        pytest.param("http://h/a#b", Target("http://h", "h", 80, False, "h", "/a"), id="fragment-is-dropped"),
    ],
)
def test_targets(url: str, target: Target) -> None:
    assert target_of(url) == target


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="nothing"),
        pytest.param("h/v1", id="no-scheme"),
        pytest.param("/v1", id="only-a-path"),
        pytest.param("ftp://h/v1", id="another-scheme"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("http://", id="no-host"),
        pytest.param("http:///v1", id="empty-host"),
        pytest.param("http://h:port/", id="port-a-word"),
        pytest.param("http://h:99999/", id="absurd-port"),
        pytest.param("http://h:-1/", id="negative-port"),
        pytest.param("http://[::1/", id="half-an-ipv6"),
        pytest.param("http://h/a b", id="space"),
        pytest.param("http://h/a\r\nx: y", id="line-break"),
        pytest.param("http://h/\x00", id="nul"),
        pytest.param("http://h/\x7f", id="delete"),
        pytest.param("http://hö.test/", id="not-ascii"),
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UpstreamUnreachable, match="is not a valid address"):
        target_of(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h:1/secret?key=secret", "http://h:1"),
        ("http://user:secret@h/secret", "http://h"),
        ("https://h?secret", "https://h"),
        ("http://[::1]:9/secret", "http://[::1]:9"),
        ("no address?secret", "no address"),
    ],
)
def test_what_may_be_shown_holds_no_secret(url: str, shown: str) -> None:
    assert address_of(url) == shown


@pytest.mark.parametrize(
    ("url", "authorization"),
    [
        ("http://user:secret@h/v1", "Basic dXNlcjpzZWNyZXQ="),
        ("http://us%40er:p%3Aw%C3%A9@h/v1", "Basic dXNAZXI6cDp3w6k="),  # us@er:p:wé
        ("http://user@h/v1", "Basic dXNlcjo="),
        ("http://:secret@h/v1", "Basic OnNlY3JldA=="),
        ("http://h/v1/@cf/meta", ""),
    ],
)
def test_a_user_in_a_providers_address_is_sent_as_basic_authorization(url: str, authorization: str) -> None:
    target = provider_target_of(url)
    assert target.authorization == authorization
    assert structs.replace(target, authorization="") == target_of(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://h/v1/models/..",
        "http://h/v1/./x",
        "http://h/v1beta/../../cachedContents/abc:countTokens",
        "http://h/v1/%2e%2E/x",
        "http://h/v1/.%2e/x",
        "http://h/v1/%252e%252e/x",
        "http://h/v1/a%2f..%2f..%2fx",
        "http://h/v1/a%5c..%5cx",
        "http://h/v1/..;a=b/x",
        "http://h/v1\\..\\x",
        "http://h/v1/a#/chat/completions",
    ],
)
def test_no_path_of_a_provider_leads_elsewhere(url: str) -> None:
    with pytest.raises(UpstreamUnreachable):
        provider_target_of(url)


@pytest.mark.parametrize("url", ["http://h/v1/a..b/.c/d./x:y?z=../..", "http://h", "http://h/v1/...", "http://h/a%2Fb"])
def test_dots_in_names_are_lawful(url: str) -> None:
    assert provider_target_of(url) == target_of(url)
