"""How a connection is set up: the block under `providers` as the user wrote it, checked and made into values.

`CONFIG_SCHEMA` is what the engine checks the block against before `connect`; its descriptions are the documentation of
each key. Hosts by cloud: contract §1 (2023-10, 2026-06).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from cspdecl.core.errors import ConfigurationError

Environment = Literal["production", "sandbox"]
Cloud = Literal["global", "usgov", "china"]

_HOSTS: Mapping[str, tuple[str, str]] = {
    "global": ("https://api.partnercenter.microsoft.com", "https://login.microsoftonline.com"),
    "usgov": ("https://api.partnercenter.microsoft.com", "https://login.microsoftonline.us"),
    "china": ("https://partner.partnercenterapi.microsoftonline.cn", "https://login.partner.microsoftonline.cn"),
}

# Price sheets have a host of their own, named for the global cloud only, with tokens of its own (contract §1, §2).
PRICING = "https://api.partner.microsoft.com"

_SOURCE: Mapping[str, Any] = {
    "type": "object",
    "description": "Where a secret is kept: an environment variable, a file, or a command that prints it.",
    "properties": {
        "env": {"type": "string", "description": "Name of an environment variable.", "minLength": 1},
        "file": {"type": "string", "description": "Path of a file, relative to the project.", "minLength": 1},
        "command": {
            "type": "array",
            "description": "Program and arguments; what it prints is the secret.",
            "items": {"type": "string"},
            "minItems": 1,
        },
    },
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
}
_FILE: Mapping[str, Any] = {
    "type": "object",
    "description": "The file a renewed refresh token replaces, readable by its owner only.",
    "properties": {"file": {"type": "string", "minLength": 1}},
    "required": ["file"],
    "additionalProperties": False,
}
_CLIENT_ID: Mapping[str, Any] = {
    "type": "string",
    "description": "Application (client) id of the app registration in the partner's own tenant.",
    "minLength": 1,
}

CONFIG_SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Partner Center",
    "description": "One connection to Microsoft Partner Center.",
    "type": "object",
    "properties": {
        "plugin": {"const": "partner-center"},
        "environment": {
            "enum": ["production", "sandbox"],
            "description": "Which kind of account the tenant is; sandbox accounts have limits of their own.",
        },
        "cloud": {
            "enum": ["global", "usgov", "china"],
            "description": "The national cloud; decides hosts. Default: global.",
        },
        "tenant": {
            "type": "string",
            "description": "The partner's own tenant, by domain or id. Sandbox and production are two tenants.",
            "minLength": 1,
        },
        "endpoint": {
            "type": "string",
            "description": "Where the API is, to point elsewhere, such as at a simulator.",
            "pattern": "^https?://",
        },
        "authority": {
            "type": "string",
            "description": "Where tokens come from, to point elsewhere. It is then taken as it stands, undiscovered.",
            "pattern": "^https://",
        },
        "caFile": {
            "type": "string",
            "description": "Certificates (PEM) to trust besides the system's, relative to the project.",
            "minLength": 1,
        },
        "auth": {
            "type": "object",
            "description": "Credentials. `app` reads and writes commerce; `user` is needed for agreements.",
            "properties": {
                "app": {
                    "type": "object",
                    "description": "The application acting for itself.",
                    "properties": {
                        "clientId": _CLIENT_ID,
                        "clientIdFrom": {
                            **_SOURCE,
                            "description": "Where the client id is kept; so plan and apply may be two applications.",
                        },
                        "secretFrom": {**_SOURCE, "description": "The client secret."},
                        "federatedTokenFrom": {
                            **_SOURCE,
                            "description": "A token of an identity provider that the application trusts, such as a "
                            "pipeline's own; read again whenever a sign-in is due.",
                        },
                        "certificateFrom": {
                            **_SOURCE,
                            "description": "Private key and certificate (PEM, both in one text).",
                        },
                        "thumbprint": {
                            "type": "string",
                            "description": "SHA-1 thumbprint of the certificate where the PEM holds only the key.",
                            "pattern": "^[0-9A-Fa-f:]{40,59}$",
                        },
                    },
                    "allOf": [
                        {"oneOf": [{"required": ["clientId"]}, {"required": ["clientIdFrom"]}]},
                        {
                            "oneOf": [
                                {"required": ["secretFrom"]},
                                {"required": ["certificateFrom"]},
                                {"required": ["federatedTokenFrom"]},
                            ]
                        },
                    ],
                    "additionalProperties": False,
                },
                "user": {
                    "type": "object",
                    "description": "The application acting for a user who consented once (secure application model).",
                    "properties": {
                        "clientId": _CLIENT_ID,
                        "secretFrom": {
                            **_SOURCE,
                            "description": "The client secret; that of `app` when it is the same application.",
                        },
                        "refreshTokenFrom": {**_SOURCE, "description": "The refresh token of the consent."},
                        "refreshTokenTo": _FILE,
                    },
                    "required": ["clientId", "refreshTokenFrom"],
                    "additionalProperties": False,
                },
            },
            "minProperties": 1,
            "additionalProperties": False,
        },
        "requestsPerMinute": {
            "type": "integer",
            "description": "Requests a minute; Microsoft allows 500. Default: 500.",
            "minimum": 1,
        },
        "concurrency": {
            "type": "integer",
            "description": "Requests in flight at once while reading. Default: 8.",
            "minimum": 1,
            "maximum": 64,
        },
    },
    "required": ["tenant", "auth"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AppCredentials:
    """The application acting for itself: by secret, by certificate, or by a token of a provider that it trusts.

    `client_id` is empty where `client_id_from` says where it is kept.
    """

    client_id: str
    secret: Mapping[str, object] | None
    certificate: Mapping[str, object] | None
    thumbprint: str | None
    federated: Mapping[str, object] | None = None
    client_id_from: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCredentials:
    """The application acting for a user: a refresh token, and where its successor is kept."""

    client_id: str
    secret: Mapping[str, object] | None
    refresh_token: Mapping[str, object]
    refresh_token_to: Mapping[str, object] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One connection, resolved. `discover` is false where the authority was named: it is then taken at its word.

    `audience` is what tokens are for: the cloud's own name even where `endpoint` points elsewhere (contract §2).
    `pricing` is where price sheets are: `endpoint` where that was named, None where the cloud has none.
    """

    environment: Environment
    tenant: str
    endpoint: str
    authority: str
    discover: bool
    ca_file: str | None
    app: AppCredentials | None
    user: UserCredentials | None
    per_minute: int
    concurrency: int
    audience: str
    pricing: str | None = None


def parse_settings(config: Mapping[str, object]) -> Settings:
    """Settings from the block as written. Raises ConfigurationError with a sentence about the first wrong key."""
    cloud = _text(config, "cloud") or "global"
    if cloud not in _HOSTS:
        raise ConfigurationError(f"`cloud: {cloud}` is none of {', '.join(_HOSTS)}")
    endpoint, authority = _HOSTS[cloud]
    environment = _text(config, "environment") or "production"
    if environment not in ("production", "sandbox"):
        raise ConfigurationError(f"`environment: {environment}` is neither production nor sandbox")
    tenant = _text(config, "tenant")
    if not tenant or "/" in tenant:
        raise ConfigurationError("`tenant` must name the partner's own tenant, by domain or id")
    own_authority = _text(config, "authority")
    auth = _mapping(config, "auth") or {}
    app, user = _app(_mapping(auth, "app")), _user(_mapping(auth, "user"))
    if app is None and user is None:
        raise ConfigurationError(
            "`auth` needs `app` (client secret, certificate or federated token) or `user` (refresh token)"
        )
    if user is not None and user.secret is None and app is not None and app.client_id == user.client_id:
        user = UserCredentials(
            client_id=user.client_id,
            secret=app.secret,
            refresh_token=user.refresh_token,
            refresh_token_to=user.refresh_token_to,
        )
    own_endpoint = _text(config, "endpoint")
    own_endpoint = None if own_endpoint is None else _url(own_endpoint, "endpoint")
    return Settings(
        environment=cast("Environment", environment),
        tenant=tenant,
        endpoint=own_endpoint or _url(endpoint, "endpoint"),
        authority=_url(own_authority or authority, "authority"),
        discover=own_authority is None,
        ca_file=_text(config, "caFile"),
        app=app,
        user=user,
        per_minute=_number(config, "requestsPerMinute", 500),
        concurrency=_number(config, "concurrency", 8),
        audience=_HOSTS[cloud][0],
        pricing=own_endpoint or (PRICING if cloud == "global" else None),
    )


def _app(block: Mapping[str, object] | None) -> AppCredentials | None:
    if block is None:
        return None
    secret, certificate = _mapping(block, "secretFrom"), _mapping(block, "certificateFrom")
    federated, client_from = _mapping(block, "federatedTokenFrom"), _mapping(block, "clientIdFrom")
    if sum(one is not None for one in (secret, certificate, federated)) != 1:
        raise ConfigurationError("`auth.app` needs one of `secretFrom`, `certificateFrom` and `federatedTokenFrom`")
    if client_from is not None and "clientId" in block:
        raise ConfigurationError("`auth.app` has both `clientId` and `clientIdFrom`: give one of them")
    return AppCredentials(
        client_id=_client(block, "auth.app") if client_from is None else "",
        federated=federated,
        client_id_from=client_from,
        secret=secret,
        certificate=certificate,
        thumbprint=_text(block, "thumbprint"),
    )


def _user(block: Mapping[str, object] | None) -> UserCredentials | None:
    if block is None:
        return None
    token, target = _mapping(block, "refreshTokenFrom"), _mapping(block, "refreshTokenTo")
    if token is None:
        raise ConfigurationError("`auth.user` needs `refreshTokenFrom`")
    if target is None and "file" in token:
        target = token
    return UserCredentials(
        client_id=_client(block, "auth.user"),
        secret=_mapping(block, "secretFrom"),
        refresh_token=token,
        refresh_token_to=target,
    )


def _client(block: Mapping[str, object], where: str) -> str:
    client = _text(block, "clientId")
    if not client:
        raise ConfigurationError(f"`{where}` needs `clientId`")
    return client


def _url(text: str, key: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ConfigurationError(f"`{key}: {text}` is no address of a service: write https://host")
    if parts.scheme == "http" and not _loopback(parts.hostname):
        raise ConfigurationError(f"`{key}` must be https: tokens would travel in the open to {parts.hostname}")
    return text.rstrip("/").removesuffix("/v1")


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _text(block: Mapping[str, object], key: str) -> str | None:
    value = block.get(key)
    if value is not None and not isinstance(value, str):
        raise ConfigurationError(f"`{key}` must be text")
    return value


def _number(block: Mapping[str, object], key: str, default: int) -> int:
    value = block.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigurationError(f"`{key}` must be a whole number of 1 or more")
    return value


def _mapping(block: Mapping[str, object], key: str) -> Mapping[str, object] | None:
    value = block.get(key)
    if value is not None and not isinstance(value, Mapping):
        raise ConfigurationError(f"`{key}` must be a block of keys")
    return cast("Mapping[str, object] | None", value)
