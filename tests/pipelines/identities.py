"""Identity tokens of a code host, signed for real: what a federated sign-in shows instead of a secret."""

from __future__ import annotations

import base64
import functools
import json
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

AUDIENCE = "api://AzureADTokenExchange"
ISSUER = "https://token.actions.githubusercontent.com"
SUBJECT = "repo:nordlicht/manifests:environment:cspdecl-plan"


@functools.cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem() -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key().public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def token(*, issuer: str = ISSUER, subject: str = SUBJECT, audience: str = AUDIENCE, expires: int = 4102444800) -> str:
    claims = {"iss": issuer, "sub": subject, "aud": audience, "exp": expires, "nbf": 0, "iat": 0, "jti": "1"}
    head = f"{_part({'alg': 'RS256', 'typ': 'JWT', 'kid': '1'})}.{_part(claims)}"
    return f"{head}.{_text(key().sign(head.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def signed(world: Any, audience: str) -> str:
    return token(audience=audience, **world.identity)


def _part(value: Any) -> str:
    return _text(json.dumps(value).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
