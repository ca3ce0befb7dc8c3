"""Microsoft Partner Center as a cspdecl provider: the wire, its retries and its odd corners stay in this package.

Importing it costs little: the network's libraries come with the first connection, MSAL with the first token.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cspdecl_partner_center.settings import CONFIG_SCHEMA

if TYPE_CHECKING:
    from cspdecl.spi.provider import Mode, Secrets
    from cspdecl_partner_center.provider import PartnerCenter

__all__ = ["CONFIG_SCHEMA", "connect"]


def connect(name: str, config: Mapping[str, object], secrets: Secrets, mode: Mode) -> PartnerCenter:
    """A connection as the project sets it up. Raises ConfigurationError; nothing is sent yet."""
    from cspdecl_partner_center.provider import connect_to

    return connect_to(name, config, secrets, mode)
