"""Proofs of an application that are no secret: a JWT signed with its certificate, or by an issuer that it trusts.

Source: contract §2; Microsoft, workload identity federation and Entra authentication error codes (2026-06).
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .wire import Doc, Refusal


class OAuthError(Refusal):
    """An error as the token service words it."""

    def __init__(self, status: int, error: str, code: int, text: str) -> None:
        super().__init__(
            status,
            code,
            text,
            body={
                "error": error,
                "error_description": f"AADSTS{code}: {text}",
                "error_codes": [code],
                "timestamp": "",
                "trace_id": "",
                "correlation_id": "",
            },
        )


def unb64(text: str) -> bytes:
    """Bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def check_assertion(assertion: str, client: str, certificate: str, machine: datetime, endpoint: str) -> None:
    """A JWT signed with the registered certificate's key, for this application, this endpoint, and now."""
    if not certificate:
        raise OAuthError(
            401, "invalid_client", 700027, "The certificate used to sign the client assertion is not registered."
        )
    claims = _signed_claims(assertion, certificate)
    named: Any = claims.get("aud")
    audiences = named if isinstance(named, list) else [named]
    tail = endpoint.split("//", 1)[-1].split("/", 1)[-1]
    if not any(
        str(one).rstrip("/").split("//", 1)[-1].split("/", 1)[-1].split("/")[0] == tail.split("/")[0]
        for one in audiences
    ):
        raise OAuthError(401, "invalid_client", 700023, "Client assertion audience claim does not match.")
    if str(claims.get("iss", "")).lower() != client.lower() or str(claims.get("sub", "")).lower() != client.lower():
        raise OAuthError(
            401, "invalid_client", 700021, "Client assertion application identifier does not match 'client_id'."
        )
    if float(claims.get("exp", 0)) < machine.timestamp():
        raise OAuthError(401, "invalid_client", 700024, "Client assertion is not within its valid time range.")


def _signed_claims(assertion: str, key: str) -> Doc:
    """The claims of a JWT that this certificate or public key has signed."""
    try:
        head, payload, signature = assertion.split(".")
        algorithm = json.loads(unb64(head))["alg"]
        claims: Doc = json.loads(unb64(payload))
        pem = key.encode()
        public: Any = (
            x509.load_pem_x509_certificate(pem).public_key()
            if b"CERTIFICATE" in pem
            else serialization.load_pem_public_key(pem)
        )
        if not isinstance(public, rsa.RSAPublicKey):
            raise ValueError("not an RSA key")
        chosen: Any = (
            padding.PKCS1v15()
            if algorithm == "RS256"
            else padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
        )
        public.verify(unb64(signature), f"{head}.{payload}".encode(), chosen, hashes.SHA256())
    except (ValueError, KeyError, InvalidSignature) as problem:
        raise OAuthError(401, "invalid_client", 700027, "Client assertion failed signature validation.") from problem
    return claims


def check_federated(assertion: str, trusted: list[Doc], machine: datetime) -> None:
    """A token of another issuer that this application trusts: issuer, subject and audience exactly as registered.

    Source: Microsoft, workload identity federation and Entra authentication error codes (2026-06).
    """
    try:
        seen = json.loads(unb64(assertion.split(".")[1]))
    except (ValueError, IndexError) as problem:
        raise OAuthError(400, "invalid_request", 50027, "JWT token is invalid or malformed.") from problem
    for claim, name, code in (("iss", "issuer", 700211), ("sub", "subject", 700213), ("aud", "audience", 700212)):
        if not any(one[name] == seen.get(claim) for one in trusted):
            raise OAuthError(
                401, "invalid_client", code, f"No matching federated identity record found for assertion {name}."
            )
    match = next((one for one in trusted if (one["issuer"], one["subject"]) == (seen["iss"], seen["sub"])), None)
    if match is None:
        raise OAuthError(401, "invalid_client", 70021, "No matching federated identity record found.")
    if float(_signed_claims(assertion, match["key"]).get("exp", 0)) < machine.timestamp():
        raise OAuthError(401, "invalid_client", 700024, "Client assertion is not within its valid time range.")
