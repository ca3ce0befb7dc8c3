"""Microsoft Partner Center as a cspdecl provider: the wire, its retries and its odd corners stay in this package."""

from __future__ import annotations

from cspdecl_partner_center.provider import PartnerCenter, connect
from cspdecl_partner_center.settings import CONFIG_SCHEMA

__all__ = ["CONFIG_SCHEMA", "PartnerCenter", "connect"]
