"""Checks ``auth.jwt``: who may sign the tokens that are taken in place of API keys."""

from __future__ import annotations

from collections.abc import Iterator

from turnout.config import JwtSettings
from turnout.config.addresses import is_proxy, is_well_formed
from turnout.config.certificates import ca_problem
from turnout.config.document import Document
from turnout.config.mistakes import Mistake
from turnout.config.token_settings import algorithm_problem, secret_problem

from .access_checks import NO_PROXY, UNREADABLE


def token_mistakes(document: Document, jwt: JwtSettings | None) -> Iterator[Mistake]:
    if jwt is None:
        return
    for field, problem in _problems(jwt):
        path = ("auth", "jwt", field) if field else ("auth", "jwt")
        yield document.mistake(path, problem)


def _problems(jwt: JwtSettings) -> Iterator[tuple[str, str]]:
    if not jwt.secret and jwt.jwks_url is None:
        yield "", "expected 'jwks_url' or 'secret': by it, tokens are checked"
        return
    if problem := secret_problem(jwt):
        yield "secret", problem
    if problem := algorithm_problem(jwt):
        yield "algorithms", problem
    if jwt.jwks_url is not None and not is_well_formed(jwt.jwks_url):
        yield "jwks_url", UNREADABLE
    if jwt.proxy is not None and not is_proxy(jwt.proxy.reveal()):
        yield "proxy", NO_PROXY
    if jwt.ca is not None and (problem := ca_problem(jwt.ca)):
        yield "ca", problem
