"""How a provider is reached, where its configuration says more than its address."""

from __future__ import annotations

import msgspec

from .secret import Secret


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """``proxy`` is the address of a proxy, with its user and password. Empty: none. None: as the environment says.

    ``ca``, ``client_cert`` and ``client_key`` are paths of PEM files. An empty ``ca`` means the system's authorities;
    an empty ``client_key`` means that the key is in the file of the certificate.
    """

    proxy: Secret | None = None
    ca: str = ""
    client_cert: str = ""
    client_key: str = ""
