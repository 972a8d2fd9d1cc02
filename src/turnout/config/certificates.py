"""Checks files with certificates before a connection needs them."""

from __future__ import annotations

import ssl


def ca_problem(path: str) -> str:
    """Why the file holds no trusted authorities; empty if it does."""
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        return _problem(error, "certificates in PEM")
    return ""


def client_problem(certificate: str, key: str | None) -> str:
    """Why the files hold no client certificate with its key; empty if they do."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password=lambda: "")
    except OSError as error:
        return _problem(error, "a certificate in PEM and its key, without a password")
    return ""


def _problem(error: OSError, expected: str) -> str:
    return f"expected {expected}" if isinstance(error, ssl.SSLError) else f"can't be read: {error.strerror}"
