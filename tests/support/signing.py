"""Signs tokens (JWT) as an issuer does, with PyJWT and cryptography; and as an attacker does, by hand."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

SECRET = "a-secret-of-32-bytes-for-tests-only-0123456789abcdef-0123456789a"  # for tests
ISSUER = "https://issuer.example/realms/blue"
AUDIENCE = "turnout"


class Issuer:
    """Has an RSA key ``r1`` and an elliptic one ``e1``."""

    def __init__(self) -> None:
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())

    def key_list(self) -> bytes:
        """The public keys as the issuer lists them (JWKS)."""
        of_rsa = RSAAlgorithm.to_jwk(self.rsa.public_key(), as_dict=True)
        of_ec = ECAlgorithm.to_jwk(self.ec.public_key(), as_dict=True)
        rows = [of_rsa | {"kid": "r1", "alg": "RS256", "use": "sig"}, of_ec | {"kid": "e1", "use": "sig"}]
        return json.dumps({"keys": rows}).encode()

    def public_pem(self) -> bytes:
        return self.rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def rs256(self, headers: Mapping[str, Any] | None = None, /, **claims: Any) -> str:
        return signed(self.rsa, "RS256", {"kid": "r1"} | dict(headers or {}), **claims)

    def es256(self, headers: Mapping[str, Any] | None = None, /, **claims: Any) -> str:
        return signed(self.ec, "ES256", {"kid": "e1"} | dict(headers or {}), **claims)


def claimed(**claims: Any) -> dict[str, Any]:
    """The claims of a good token, with other ones. ``None`` leaves one out."""
    good = {"sub": "alice", "iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 600}
    return {name: value for name, value in (good | claims).items() if value is not None}


def signed(key: PrivateKeyTypes | str, algorithm: str, headers: Mapping[str, Any] | None = None, **claims: Any) -> str:
    return jwt.encode(claimed(**claims), key, algorithm, dict(headers or {}))  # type: ignore[arg-type]


def hs256(headers: Mapping[str, Any] | None = None, /, **claims: Any) -> str:
    return signed(SECRET, "HS256", headers, **claims)


def signed_text(payload: bytes, header: bytes = b'{"alg":"HS256","typ":"JWT"}') -> str:
    """A token with a right signature over texts that no library would write."""
    text = b".".join([part(header), part(payload)])
    algorithm = jwt.algorithms.get_default_algorithms()["HS256"]
    return b".".join([text, part(algorithm.sign(text, SECRET.encode()))]).decode()


def part(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
