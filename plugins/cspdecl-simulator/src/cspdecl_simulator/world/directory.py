"""The customer's directory besides users and licences: roles, passwords, domains, services, and who gives support.

Sources: contract §8, §2 (GDAP for directory operations); the samples of the role, password, domain and support contact
pages (2023-10).
"""

from __future__ import annotations

from ..wire import Answer, Doc, Refusal, attributes, collection, iso, link
from .call import Call
from .profiles import needs_delegation
from .subscriptions import find
from .users import find_user, user_doc

# Built-in roles of the directory; the ids are the simulator's own except the four that samples print.
ROLES = {
    "62e90394-69f5-4237-9190-012177145e10": "Company Administrator",
    "f023fd81-a637-4b56-95fd-791ac0226033": "Service Support Administrator",
    "729827e3-9c14-49f7-bb1b-9608f156bbb8": "Helpdesk Administrator",
    "fe930be7-5e62-47db-91af-98c3a49a38b1": "User Account Administrator",
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451": "Global Reader",
    "88d8e3e3-8f55-4a1e-953a-9b9898b8876b": "Directory Readers",
    "b0f54661-2d74-4c50-afa3-1ec803f12efe": "Billing Administrator",
}


def _role(role_id: str) -> Doc:
    return {"name": ROLES[role_id], "id": role_id, "attributes": attributes("DirectoryRole")}


def _wanted(call: Call) -> str:
    needs_delegation(call)
    role_id = call.params["role"].strip().lower()
    if role_id not in ROLES:
        raise Refusal(404, 60004, "The directory role was not found.")
    return role_id


def list_roles(call: Call) -> Answer:
    """GET …/directoryroles"""
    needs_delegation(call)
    return Answer(200, collection([_role(role_id) for role_id in ROLES]))


def user_roles(call: Call) -> Answer:
    """GET …/users/{id}/directoryroles"""
    row = find_user(call)
    return Answer(200, collection([_role(role_id) for role_id in row.get("roles", ()) if role_id in ROLES]))


def _member(row: Doc, role_id: str) -> Doc:
    return {
        "displayName": row["displayName"],
        "userPrincipalName": row["userPrincipalName"],
        "roleId": role_id,
        "id": row["id"],
        "attributes": attributes("UserMember"),
    }


def members(call: Call) -> Answer:
    """GET …/directoryroles/{role}/usermembers"""
    role_id = _wanted(call)
    rows = call.customer.rows("user").values()
    return Answer(200, collection([_member(row, role_id) for row in rows if role_id in row.get("roles", ())]))


def add_member(call: Call) -> Answer:
    """POST …/directoryroles/{role}/usermembers with the user's id: 201; a second time changes nothing."""
    role_id = _wanted(call)
    row = call.customer.find("user", call.form.text("id") or "")
    if row is None or row["state"] != "active":
        raise Refusal(404, 60002, "The user was not found.")
    if role_id not in row.get("roles", ()):
        row["roles"] = [*row.get("roles", ()), role_id]
        call.customer.put("user", row)
        call.audit("customer_directory_role", "add_user_member", new={"UserId": row["id"], "RoleId": role_id})
    return Answer(201, _member(row, role_id))


def remove_member(call: Call) -> Answer:
    """DELETE …/directoryroles/{role}/usermembers/{user}: 204"""
    role_id = _wanted(call)
    row = call.customer.find("user", call.params["member"].strip())
    if row is None or role_id not in row.get("roles", ()):
        raise Refusal(404, 60002, "The user does not have the role.")
    row["roles"] = [one for one in row["roles"] if one != role_id]
    call.customer.put("user", row)
    call.audit("customer_directory_role", "remove_user_member", old={"UserId": row["id"], "RoleId": role_id})
    return Answer(204)


def reset_password(call: Call) -> Answer:
    """PATCH …/users/{id}/resetpassword, also as PATCH of the user with a passwordProfile."""
    row, password = find_user(call), call.form.part("passwordprofile")
    if password.text("password") is None:
        raise Refusal(400, 3000, "passwordProfile.password is required.")
    call.audit("customer_user", "reset_customer_user_password", new={"Id": row["id"]})
    shown = {"forceChangePassword": bool(password.get("forcechangepassword")), "password": password["password"]}
    return Answer(200, user_doc(call, row) | {"passwordProfile": shown})


def add_domain(call: Call) -> Answer:
    """POST …/verifieddomain: a domain the customer has proved; from then on it is one of its custom domains."""
    needs_delegation(call)
    form = call.form
    name = form.text("verifieddomainname")
    if name is None:
        raise Refusal(400, 3000, "VerifiedDomainName is required.")
    customer, domain = call.customer.customer, form.part("domain")
    if call.partner.domain_taken(name):
        raise Refusal(409, 3000, f"The domain {name} is already in use.")
    customer["custom_domains"] = [*customer["custom_domains"], name]
    call.customer.touch()
    return Answer(
        201,
        {
            "authenticationType": (domain.text("authenticationtype") or "managed").lower(),
            "capability": (domain.text("capability") or "email").lower(),
            "isDefault": bool(domain.get("isdefault")),
            "isInitial": False,
            "name": name,
            "status": "verified",
            "verificationMethod": "dns_record",
        },
    )


def managed_services(call: Call) -> Answer:
    """GET …/managedservices: one item a service of the customer, with the portals that manage it."""
    needs_delegation(call)
    portal = f"https://admin.example.invalid/partner?tenant={call.customer.id}"
    links = {name: link(f"{portal}&page={name}") for name in ("adminService", "serviceHealth", "serviceTicket")}
    return Answer(
        200,
        collection(
            [
                {
                    "id": name,
                    "name": name,
                    "groupName": "Office",
                    "links": links,
                    "attributes": attributes("ManagedService"),
                }
                for name in ("Exchange", "SharePoint", "Teams")
            ]
        ),
    )


def support_contact(call: Call) -> Answer:
    """GET and PUT …/subscriptions/{id}/supportcontact: who supports it, the partner itself or a reseller of its."""
    row = find(call)
    if call.method == "PUT":
        form = call.form
        tenant, mpn = form.text("supporttenantid"), form.text("supportmpnid")
        if tenant is None and mpn is None:
            raise Refusal(400, 3000, "supportTenantId or supportMpnId is required.")
        row["support"] = {"tenant": tenant, "mpn": mpn, "name": form.text("name")}
        row["version"] += 1
        call.customer.put("subscription", row)
        call.audit("subscription", "update_subscription", new={"SupportMpnId": mpn, "At": iso(call.now)})
    settings, kept = call.settings, row.get("support", {})
    return Answer(
        200,
        {
            "supportTenantId": kept.get("tenant") or settings.partner_tenant,
            "supportMpnId": kept.get("mpn") or settings.partner_mpn,
            "name": kept.get("name") or settings.partner_name,
            "links": {"self": link(f"{call.base}/subscriptions/{row['id']}/supportcontact")},
            "attributes": attributes("SupportContact"),
        },
    )


def activate(call: Call) -> Answer:
    """POST …/subscriptions/{id}/activate: in the sandbox a marketplace subscription is activated by its buyer."""
    if call.settings.environment != "sandbox":
        raise Refusal(403, 900127, "Subscriptions can only be activated in the sandbox.")
    row = find(call)
    if row["kind"] != "SaaS":
        raise Refusal(400, 900322, "The product does not need to be activated.")
    return Answer(200, {"subscriptionId": row["id"], "status": "Success"})
