"""Which path is which operation, and whether it takes an application's token or only a user's.

Sources: contract §2 (table of A and U operations), §6–§13, §15, §18–§20.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .wire import Answer
from .world import (
    agreements,
    azure,
    carts,
    changes,
    coterm,
    countries,
    customers,
    directory,
    exports,
    invoices,
    journal,
    migrations,
    order_changes,
    orders,
    partner,
    partner_profiles,
    product_upgrades,
    products,
    profiles,
    promotions,
    subscriptions,
    traditional,
    transfers,
    transitions,
    users,
    webhooks,
)
from .world.call import Call

Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    template: str
    handler: Handler
    user_only: bool = False


def _beta(handler: Callable[..., Answer], name: str) -> Handler:
    """An export as the beta of 2023 showed it, on a host of its own."""
    return lambda call: handler(call, call.params[name], call.base_url, beta=True)


def _table() -> list[Route]:
    c, s = "/customers/{customer}", "/customers/{customer}/subscriptions/{subscription}"
    o, p = "/customers/{customer}/orders/{order}", "/products/{product}"
    a = f"{p}/skus/{{sku}}/availabilities"
    table: list[tuple[str, str, Handler, str]] = [
        # customers (contract §6)
        ("GET", "/customers", customers.list_customers, "A"),
        ("POST", "/customers", customers.create_customer, "A"),
        ("GET", c, customers.get_customer, "A"),
        ("PATCH", c, customers.patch_customer, "U"),
        ("DELETE", c, customers.delete_customer, "A"),
        ("GET", f"{c}/profiles/billing", profiles.get_billing, "A"),
        ("PUT", f"{c}/profiles/billing", profiles.put_billing, "A"),
        ("GET", f"{c}/profiles/company", profiles.get_company, "U"),
        ("GET", f"{c}/validationstatus", customers.validation_status, "U"),
        ("GET", f"{c}/customdomains", profiles.custom_domains, "A"),
        ("GET", f"{c}/organization", profiles.organization, "A"),
        ("POST", f"{c}/verifieddomain", directory.add_domain, "A"),
        ("GET", f"{c}/managedservices", directory.managed_services, "A"),
        ("GET", f"{c}/qualifications", profiles.get_qualifications, "A"),
        ("POST", f"{c}/qualifications", profiles.post_qualification, "U"),
        ("GET", "/customers/all/validations", profiles.validation_codes, "A"),
        ("GET", "/customers/relationshiprequests", partner.relationship_request, "U"),
        ("GET", f"{c}/relationships", partner.customer_relationships, "U"),
        ("HEAD", "/domains/{domain}", customers.head_domain, "A"),
        ("POST", "/validations/address", countries.validate_address, "A"),
        ("GET", "/countryvalidationrules/{iso}", countries.country_rules, "A"),
        # agreements (contract §7)
        ("GET", "/agreements", agreements.metadata, "U"),
        ("GET", f"{c}/agreements", agreements.list_agreements, "U"),
        ("POST", f"{c}/agreements", agreements.create_agreement, "U"),
        ("GET", f"{c}/directsignedmicrosoftcustomeragreementstatus", agreements.direct_signed, "U"),
        ("GET", "/agreementtemplates/{template}/document", agreements.template, "U"),
        ("POST", "/attestations/enhanced", agreements.enhanced_attestation, "A"),
        ("GET", "/attestations/enhanced/{attestation}", agreements.get_attestation, "A"),
        # catalogue (contract §9)
        ("GET", "/products", products.list_products, "A"),
        ("GET", f"{c}/products", products.list_products, "A"),
        ("POST", "/extensions/product/checkinventory", products.check_inventory, "A"),
        ("GET", "/offers", products.offers, "A"),
        ("GET", "/offers/{offer}", products.offer, "A"),
        ("GET", "/offers/{offer}/addons", products.offer_addons, "A"),
        ("GET", "/offercategories", products.offer_categories, "A"),
        ("GET", f"{c}/offers", products.offers, "A"),
        ("GET", f"{c}/transfers", transfers.list_transfers, "A"),
        ("POST", f"{c}/transfers", transfers.create_transfer, "A"),
        ("GET", f"{c}/transfers/{{transfer}}", transfers.get_transfer, "A"),
        ("PATCH", f"{c}/transfers/{{transfer}}", transfers.patch_transfer, "A"),
        ("DELETE", f"{c}/transfers/{{transfer}}", transfers.withdraw, "A"),
        ("GET", f"{c}/transferseligibility", transfers.eligibility, "A"),
        ("GET", "/partnerrequests", partner.partner_requests, "U"),
        ("GET", "/applicationmfaadoptionstatus", partner.mfa_adoption, "U"),
        ("GET", "/nonmfacompliantpartnerprincipals", partner.non_mfa_principals, "U"),
        ("GET", "/productpromotions", promotions.list_promotions, "A"),
        ("GET", "/productpromotions/{promotion}", promotions.get_promotion, "A"),
        ("POST", f"{c}/promotioneligibilities", promotions.eligibilities, "A"),
        # carts and orders (contract §10, §11)
        ("POST", f"{c}/carts", carts.create_cart, "A"),
        ("GET", f"{c}/carts/{{cart}}", carts.get_cart, "A"),
        ("PUT", f"{c}/carts/{{cart}}", carts.put_cart, "A"),
        ("POST", f"{c}/carts/{{cart}}/checkout", carts.checkout, "A"),
        ("GET", f"{c}/orders", orders.list_orders, "A"),
        ("POST", f"{c}/orders", orders.create_order, "A"),
        ("GET", o, orders.get_order, "A"),
        ("PATCH", o, order_changes.patch_order, "A"),
        ("GET", f"{o}/provisioningstatus", order_changes.provisioning, "U"),
        ("GET", f"{o}/activationlinks", order_changes.activation_links, "A"),
        ("GET", f"{o}/lineitems/{{line}}/activationlinks", order_changes.activation_links, "A"),
        ("GET", f"{o}/attachments", order_changes.attachments, "A"),
        ("POST", f"{o}/attachment", order_changes.attach, "A"),
        # subscriptions (contract §12, §13)
        ("GET", f"{c}/subscriptions", subscriptions.list_subscriptions, "A"),
        ("GET", s, subscriptions.get_subscription, "A"),
        ("PATCH", s, changes.patch_subscription, "A"),
        ("GET", f"{s}/addons", subscriptions.list_addons, "A"),
        ("GET", f"{s}/provisioningstatus", subscriptions.provisioning_status, "U"),
        ("GET", f"{c}/subscriptions/customtermenddates", coterm.list_dates, "A"),
        ("GET", f"{s}/supportcontact", directory.support_contact, "U"),
        ("PUT", f"{s}/supportcontact", directory.support_contact, "U"),
        ("POST", f"{s}/activate", directory.activate, "A"),
        ("GET", f"{s}/transitioneligibilities", transitions.eligibilities, "A"),
        ("POST", f"{s}/transitions", transitions.create, "A"),
        ("GET", f"{s}/transitions", transitions.list_transitions, "A"),
        ("GET", f"{s}/conversions", traditional.list_conversions, "U"),
        ("POST", f"{s}/conversions", traditional.convert, "U"),
        ("GET", f"{s}/upgrades", traditional.list_upgrades, "A"),
        ("POST", f"{s}/upgrades", traditional.upgrade, "A"),
        ("POST", f"{s}/registrations", azure.register, "A"),
        ("GET", f"{s}/registrationstatus", azure.registration_status, "A"),
        ("GET", f"{c}/subscriptions/overage", azure.get_overage, "A"),
        ("PUT", f"{c}/subscriptions/overage", azure.put_overage, "A"),
        ("GET", f"{s}/azureentitlements", azure.list_entitlements, "A"),
        ("GET", f"{s}/azureentitlements/{{entitlement}}", azure.get_entitlement, "A"),
        ("POST", f"{s}/azureentitlements/{{entitlement}}/cancel", azure.cancel_entitlement, "A"),
        ("POST", f"{s}/azureentitlements/{{entitlement}}/reactivate", azure.reactivate_entitlement, "A"),
        ("GET", f"{c}/entitlements", azure.entitlements, "A"),
        ("GET", f"{c}/usagebudget", profiles.usage_budget, "A"),
        ("PATCH", f"{c}/usagebudget", profiles.usage_budget, "A"),
        # migrations (contract §14)
        ("POST", f"{c}/migrations/newcommerce/validate", migrations.validate, "A"),
        ("POST", f"{c}/migrations/newcommerce", migrations.create, "A"),
        ("GET", f"{c}/migrations/newcommerce/{{migration}}", migrations.get, "A"),
        ("GET", "/migrations/newcommerce", migrations.query, "A"),
        ("GET", "/migrations/newcommerce/schedules", migrations.query_schedules, "A"),
        ("GET", f"{c}/migrations/newcommerce/events", migrations.events, "A"),
        ("GET", f"{c}/migrations/newcommerce/schedules", migrations.list_schedules, "A"),
        ("POST", f"{c}/migrations/newcommerce/schedules", migrations.create_schedule, "A"),
        ("GET", f"{c}/migrations/newcommerce/schedules/{{schedule}}", migrations.get_schedule, "A"),
        ("PUT", f"{c}/migrations/newcommerce/schedules/{{schedule}}", migrations.put_schedule, "A"),
        ("POST", f"{c}/migrations/newcommerce/schedules/{{schedule}}/cancel", migrations.cancel_schedule, "A"),
        ("POST", "/productupgrades/eligibility", product_upgrades.eligibility, "U"),
        ("POST", "/productupgrades", product_upgrades.create, "U"),
        ("POST", "/productupgrades/{upgrade}/status", product_upgrades.status, "U"),
        # users and licences (contract §8)
        ("GET", f"{c}/users", users.list_users, "U"),
        ("POST", f"{c}/users", users.create_user, "U"),
        ("GET", f"{c}/users/{{user}}", users.get_user, "U"),
        ("PATCH", f"{c}/users/{{user}}", users.patch_user, "U"),
        ("DELETE", f"{c}/users/{{user}}", users.delete_user, "U"),
        ("GET", f"{c}/users/{{user}}/licenses", users.user_licenses, "U"),
        ("POST", f"{c}/users/{{user}}/licenseupdates", users.assign, "U"),
        ("PATCH", f"{c}/users/{{user}}/resetpassword", directory.reset_password, "U"),
        ("GET", f"{c}/users/{{user}}/directoryroles", directory.user_roles, "U"),
        ("GET", f"{c}/directoryroles", directory.list_roles, "U"),
        ("GET", f"{c}/directoryroles/{{role}}/usermembers", directory.members, "U"),
        ("POST", f"{c}/directoryroles/{{role}}/usermembers", directory.add_member, "U"),
        ("DELETE", f"{c}/directoryroles/{{role}}/usermembers/{{member}}", directory.remove_member, "U"),
        ("GET", f"{c}/subscribedskus", users.subscribed_skus, "U"),
        # invoices (contract §16)
        ("GET", "/invoices", invoices.list_invoices, "A"),
        ("GET", "/invoices/summary", invoices.summary, "U"),
        ("GET", "/invoices/summaries", invoices.summaries, "U"),
        ("GET", "/invoices/estimates/links", invoices.estimate_links, "A"),
        ("GET", "/invoices/unbilled/lineitems", invoices.unbilled, "A"),
        ("GET", "/invoices/{invoice}", invoices.get_invoice, "U"),
        ("GET", "/invoices/{invoice}/documents/statement", invoices.statement, "U"),
        ("GET", "/invoices/{invoice}/receipts/{receipt}/documents/statement", invoices.statement, "U"),
        ("GET", "/invoices/{invoice}/lineitems", invoices.billed, "A"),
        ("GET", "/invoices/{invoice}/lineitems/{provider}/{kind}", invoices.billed, "A"),
        ("GET", "/billingoperations/{operation}", _beta(exports.operation, "operation"), "A"),
        ("GET", "/billingmanifests/{manifest}", _beta(exports.manifest, "manifest"), "A"),
        # partner (contract §6, §18–§20)
        ("GET", "/relationships", partner.relationships, "U"),
        ("GET", "/compliance/csp/agreementstatus", partner.agreement_status, "A"),
        ("POST", "/sandboxindirectreseller", partner.create_reseller, "A"),
        ("GET", "/auditrecords", journal.audit_records, "A"),
        ("GET", "/auditrecords/{audit}", journal.audit_record, "A"),
        ("DELETE", "/sandboxindirectreseller/{reseller}", partner.delete_reseller, "A"),
        ("GET", "/profiles/legalbusiness", partner_profiles.get_profile, "A"),
        ("PUT", "/profiles/legalbusiness", partner_profiles.put_profile, "U"),
        ("GET", "/profiles/mpn", partner_profiles.mpn_profile, "U"),
        ("GET", "/profiles/organization", partner_profiles.get_profile, "U"),
        ("PUT", "/profiles/organization", partner_profiles.put_profile, "U"),
        ("GET", "/profiles/billing", partner_profiles.get_profile, "U"),
        ("PUT", "/profiles/billing", partner_profiles.put_profile, "U"),
        ("GET", "/profiles/support", partner_profiles.get_profile, "U"),
        ("PUT", "/profiles/support", partner_profiles.put_profile, "U"),
        ("PUT", "/profiles/supportprofile", partner_profiles.put_profile, "U"),
        ("GET", "/webhooks/events", webhooks.events, "A"),
        ("GET", "/webhooks", webhooks.get_registration, "A"),
        ("POST", "/webhooks", webhooks.register, "A"),
        ("PUT", "/webhooks", webhooks.register, "A"),
        ("POST", "/webhooks/validationevents", webhooks.validate, "A"),
        ("GET", "/webhooks/validationevents/{correlation}", webhooks.validation, "A"),
    ]
    for prefix in ("", c):
        table += [
            ("GET", f"{prefix}{p}", products.get_product, "A"),
            ("GET", f"{prefix}{p}/skus", products.list_skus, "A"),
            ("GET", f"{prefix}{p}/skus/{{sku}}", products.get_sku, "A"),
            ("GET", f"{prefix}{a}", products.list_availabilities, "A"),
            ("GET", f"{prefix}{a}/{{availability}}", products.get_availability, "A"),
        ]
    return [Route(method, template, handler, auth == "U") for method, template, handler, auth in table]


@dataclass(slots=True)
class _Node:
    fixed: dict[str, _Node] = field(default_factory=dict)
    variable: _Node | None = None
    name: str = ""
    routes: dict[str, Route] = field(default_factory=dict)


class Router:
    """Finds a route by path segments, names compared without case, a fixed name before a variable one."""

    def __init__(self) -> None:
        self._root = _Node()
        for route in _table():
            node = self._root
            for part in route.template.strip("/").split("/"):
                if part.startswith("{"):
                    if node.variable is None:
                        node.variable = _Node(name=part[1:-1])
                    node = node.variable
                else:
                    node = node.fixed.setdefault(part, _Node())
            node.routes[route.method] = route

    def find(self, path: str) -> tuple[dict[str, Route], dict[str, str]]:
        """The routes of a path by method, and its parameters; no routes when the path is not known."""
        node = self._root
        params: dict[str, str] = {}
        for part in path.strip("/").split("/"):
            following = node.fixed.get(part.lower())
            if following is None and node.variable is not None:
                following = node.variable
                params[following.name] = part
            if following is None:
                return {}, {}
            node = following
        return node.routes, params
