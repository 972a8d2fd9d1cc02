"""The certificates that are trusted and shown."""

from __future__ import annotations

import os
import ssl

from turnout.core import Network
from turnout.errors import UpstreamUnreachable

_Files = tuple[tuple[str, int], ...]
"""Paths, and when each file was changed last (ns)."""

_WRONG_CONTENT = "they are not PEM, don't belong together, or the key needs a password"


class Certificates:
    """Makes a TLS context for each set of files once, and again when a file has changed: certificates are renewed."""

    def __init__(self) -> None:
        self._default: ssl.SSLContext | None = None
        self._of_files: dict[tuple[str, ...], tuple[_Files, ssl.SSLContext]] = {}

    def context(self, network: Network | None) -> ssl.SSLContext:
        """For a provider. Raises ``UpstreamUnreachable`` for files that can't be read."""
        if network is None or not (network.ca or network.client_cert):
            return self._default_context()
        return self._context_of(network.ca, network.client_cert, network.client_key)

    def context_for_proxy(self, network: Network | None) -> ssl.SSLContext:
        """The same authorities, and no client certificate: that is for the provider."""
        return self._default_context() if network is None or not network.ca else self._context_of(network.ca, "", "")

    def _default_context(self) -> ssl.SSLContext:
        """The system's trusted authorities, or those of ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``."""
        if self._default is None:
            self._default = ssl.create_default_context()
        return self._default

    def _context_of(self, ca: str, client_cert: str, client_key: str) -> ssl.SSLContext:
        paths = (ca, client_cert, client_key)
        try:
            files = tuple((path, os.stat(path).st_mtime_ns) for path in paths if path)
            known = self._of_files.get(paths)
            if known is None or known[0] != files:
                known = self._of_files[paths] = files, _load(ca, client_cert, client_key)
        except OSError as error:
            reason = _WRONG_CONTENT if isinstance(error, ssl.SSLError) else error.strerror
            shown = ", ".join(path for path in paths if path)
            raise UpstreamUnreachable(f"The certificates in {shown} can't be read: {reason}.") from error
        return known[1]


def _load(ca: str, client_cert: str, client_key: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca or None)
    if client_cert:
        context.load_cert_chain(client_cert, client_key or None, password=lambda: "")  # else it asks on the terminal
    return context
