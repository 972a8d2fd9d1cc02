"""Checks how providers are reached: addresses, keys, headers, proxies, certificates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from turnout.config.addresses import is_proxy, is_well_formed
from turnout.config.certificates import ca_problem, client_problem
from turnout.config.document import Document
from turnout.config.headers import is_header_name, is_header_value, is_sendable_key
from turnout.config.mistakes import KeyPath, Mistake
from turnout.config.settings import AccessSettings
from turnout.core import Secret

UNREADABLE: Final = "expected an address that begins with http:// or https://, with a host, and a port if it needs one"
NO_PROXY: Final = "expected the address of a proxy, such as http://host:3128 or https://user:password@host:3128"
NO_KEY: Final = "expected a key of printable ASCII characters, in one line"
_NO_HEADER: Final = "expected the name of a header, and a value in one line"


def access_mistakes(
    document: Document, settings: AccessSettings, path_of: Callable[[str], KeyPath]
) -> Iterator[Mistake]:
    """``path_of`` gives the path of a field."""
    if settings.base_url is not None and not is_well_formed(settings.base_url):
        yield document.mistake(path_of("base_url"), UNREADABLE)
    if settings.api_key and not is_sendable_key(settings.api_key.reveal()):
        yield document.mistake(path_of("api_key"), NO_KEY)
    if isinstance(settings.proxy, Secret) and not is_proxy(settings.proxy.reveal()):
        yield document.mistake(path_of("proxy"), NO_PROXY)
    yield from header_mistakes(document, settings.headers, path_of("headers"))
    for field, problem in _certificate_problems(settings):
        yield document.mistake(path_of(field), problem)


def header_mistakes(document: Document, headers: dict[str, str], path: KeyPath) -> Iterator[Mistake]:
    for name, value in headers.items():
        if not is_header_name(name) or not is_header_value(value):
            yield document.mistake((*path, name), _NO_HEADER)


def _certificate_problems(settings: AccessSettings) -> Iterator[tuple[str, str]]:
    if settings.ca is not None and (problem := ca_problem(settings.ca)):
        yield "ca", problem
    if settings.client_cert is None:
        if settings.client_key is not None:
            yield "client_key", "expected 'client_cert' beside it"
    elif problem := client_problem(settings.client_cert, settings.client_key):
        yield "client_cert", problem
