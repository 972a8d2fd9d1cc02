"""A certificate authority, made with the program openssl."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path


class Authority:
    """Signs certificates for servers and clients."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.certificate = folder / "ca.pem"
        rights = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
        subject = ["-subj", "/CN=Test authority", *rights]
        self._openssl("req", "-x509", *self._new_key("ca"), *subject, "-days", "2", "-out", str(self.certificate))

    def server(self, names: str, *, asks_client: bool = False) -> ssl.SSLContext:
        """A server's side, with a certificate for ``names`` (``IP:127.0.0.1``, ``DNS:localhost``).

        ``asks_client``: it takes only clients with a certificate of this authority.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.sign("server", names))
        if asks_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.certificate)
        return context

    def sign(self, owner: str, names: str) -> tuple[Path, Path]:
        """The files of a new certificate and its key."""
        signed = ["-CA", str(self.certificate), "-CAkey", str(self._folder / "ca.key"), "-days", "2"]
        rights = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", f"subjectAltName={names}"]
        certificate = self._folder / f"{owner}.pem"
        subject = ["-subj", f"/CN={owner}", *rights]
        self._openssl("req", "-x509", *self._new_key(owner), *subject, *signed, "-out", str(certificate))
        return certificate, certificate.with_suffix(".key")

    def lock(self, key: Path, locked: Path) -> None:
        """Writes the key with a password."""
        self._openssl("pkey", "-in", str(key), "-aes256", "-passout", "pass:secret", "-out", str(locked))

    def _new_key(self, name: str) -> list[str]:
        key = str(self._folder / f"{name}.key")
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", key]

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)
