"""Which proxy the environment and the configuration name for an address."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from turnout.core import Network, Secret
from turnout.errors import UpstreamUnreachable
from turnout.transport.proxies import Proxies, proxy_at
from turnout.transport.target import target_of

BOTH = {"HTTP_PROXY": "http://plain:1", "HTTPS_PROXY": "http://secure:2"}


def proxy_of(variables: Mapping[str, str], url: str, network: Network | None = None) -> str | None:
    proxy = Proxies(variables).proxy_of(target_of(url), network)
    return None if proxy is None else proxy.target.origin


@pytest.mark.parametrize(
    ("variables", "http", "https"),
    [
        pytest.param({}, None, None, id="none"),
        pytest.param(BOTH, "http://plain:1", "http://secure:2", id="upper-case"),
        pytest.param({"http_proxy": "http://l:1"}, "http://l:1", None, id="lower-case"),
        pytest.param(
            {"HTTP_PROXY": "http://u:1", "http_proxy": "http://l:1"}, "http://l:1", None, id="lower-case-first"
        ),
        pytest.param({"HTTP_PROXY": "http://u:1", "http_proxy": ""}, "http://u:1", None, id="empty-counts-as-not-set"),
        pytest.param({"ALL_PROXY": "http://a:1"}, "http://a:1", "http://a:1", id="all"),
        pytest.param({**BOTH, "ALL_PROXY": "http://a:1"}, "http://plain:1", "http://secure:2", id="all-comes-last"),
        pytest.param({"all_proxy": "a:1"}, "http://a:1", "http://a:1", id="without-a-scheme"),
        pytest.param({"HTTPS_PROXY": " https://a\n"}, None, "https://a", id="with-blanks"),
    ],
)
def test_the_environment_names_a_proxy_by_the_scheme(
    variables: Mapping[str, str], http: str | None, https: str | None
) -> None:
    assert proxy_of(variables, "http://h.test/v1") == http
    assert proxy_of(variables, "https://h.test/v1") == https


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.8.9.1", "[::1]", "[::]"])
def test_this_machine_needs_no_proxy(host: str) -> None:
    assert proxy_of(BOTH, f"http://{host}:11434/v1") is None


@pytest.mark.parametrize(
    ("exceptions", "url", "direct"),
    [
        ("*", "https://a.test", True),
        ("a.test", "https://a.test", True),
        ("A.Test", "https://a.test", True),
        ("a.test", "https://b.a.test/x", True),
        ("a.test", "https://A.TEST.", True),
        (".a.test", "https://b.a.test", True),
        (".a.test", "https://a.test", True),
        ("*.a.test", "https://b.a.test", True),
        ("a.test", "https://ba.test", False),
        ("a.test", "https://a.test.org", False),
        ("b.test , a.test", "https://a.test", True),
        ("b.test a.test", "https://a.test", True),
        ("a.test:443", "https://a.test", True),
        ("a.test:8443", "https://a.test", False),
        ("a.test:8443", "https://a.test:8443", True),
        ("10.1.2.3", "https://10.1.2.3", True),
        ("10.1.2.3", "https://10.1.2.30", False),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.1.2.3:443", "https://10.1.2.3", True),
        ("10.1.2.3:80", "https://10.1.2.3", False),
        ("fd00::/8", "https://[fd00::1]:8000", True),
        ("fd00::1", "https://[fd00::1]:8000", True),
        ("[fd00::1]", "https://[fd00::1]:8000", True),
        ("[fd00::1]:8000", "https://[fd00::1]:8000", True),
        ("fd00::2", "https://[fd00::1]", False),
        ("2.3", "https://10.1.2.3", False),
        ("a.test:x", "https://a.test", False),
        (".", "https://a.test", False),
        (",,", "https://a.test", False),
        ("", "https://a.test", False),
    ],
)
def test_exceptions(exceptions: str, url: str, direct: bool) -> None:
    for variable in ("NO_PROXY", "no_proxy"):
        assert proxy_of({**BOTH, variable: exceptions}, url) == (None if direct else "http://secure:2")


@pytest.mark.parametrize("url", ["https://a.test", "http://127.0.0.1:8000"])
def test_a_proxy_of_the_configuration_goes_before_the_environment(url: str) -> None:
    variables = {**BOTH, "NO_PROXY": "*"}
    assert proxy_of(variables, url, Network(proxy=Secret("http://own:3"))) == "http://own:3"
    assert proxy_of(variables, url, Network(ca="ca.pem")) is None
    assert proxy_of(BOTH, url, Network(proxy=Secret(""))) is None


def test_user_and_password_are_decoded_and_not_in_the_name() -> None:
    proxy = proxy_at("http://us%40er:p%3Aw@p.test:3128")
    assert proxy.authorization == "Basic dXNAZXI6cDp3"  # us@er:p:w
    assert proxy.name == "The proxy http://p.test:3128"
    assert proxy_at("p.test:3128").authorization == ""


@pytest.mark.parametrize("address", ["socks5://user:secret@h:1080", "http://", "http://user:secret@h:port", "h:99999"])
def test_a_proxy_that_can_not_be_used_is_an_error_and_never_left_out(address: str) -> None:
    with pytest.raises(UpstreamUnreachable, match=r"can't be used: expected http://host:port or https://") as caught:
        proxy_of({"ALL_PROXY": address}, "https://a.test")
    assert "secret" not in caught.value.message
