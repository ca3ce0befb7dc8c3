"""Who the customer is for Microsoft's segments: what is declared against what is on record, asked for where it can be.

Microsoft vets a request for days, so the purchases that need it wait in this plan and in the next ones (contract §6).
"""

from __future__ import annotations

from cspdecl.core.action import RequestQualification
from cspdecl.core.address import Address
from cspdecl.core.capability import Capability
from cspdecl.core.desired import CustomerSpec, QualificationSpec
from cspdecl.core.diagnostics import note
from cspdecl.core.live import LiveCustomer
from cspdecl.core.operation import Guard, Reason, Waiting
from cspdecl.planning.context import context_of_customer
from cspdecl.planning.rows import CustomerPlan, Row
from cspdecl.planning.sequence import Sequence

# What a request needs beside its name (contract §6, 2023-10). Nonprofit is given by Microsoft alone.
_NEEDS = {"education": "segment", "government": "validationCode", "state-owned": None}


def plan_qualification(
    spec: CustomerSpec, live: LiveCustomer | None, capabilities: Capability, sequence: Sequence, out: CustomerPlan
) -> None:
    """Ask for the declared qualification where it is not on record; say what stands of it otherwise."""
    wanted = spec.qualification
    if wanted is None or live is None:
        return  # a customer that is being created is asked for with the next plan
    if live.qualifications is None:
        out.diagnostics.append(
            note(
                "CSP383",
                f"whether the customer has the {wanted.name} qualification could not be read",
                origin=wanted.origin,
                address=spec.key,
                hint="reading it may need user credentials (`auth.user`); what depends on it waits",
            )
        )
        return
    found = next((one for one in live.qualifications if one.name == wanted.name), None)
    if found is not None:
        if found.status != "approved":
            out.waiting.append(_in_review(spec, wanted, denied=found.status == "denied"))
        return
    why = _by_hand(wanted, capabilities)
    if why is not None:
        text = f"have the {wanted.name} qualification set in the provider's portal: {why}"
        out.waiting.append(
            Waiting(address=Address(spec.key), kind="manual", code="CSP382", text=text, origin=wanted.origin)
        )
        return
    ident = sequence.add(
        Address(spec.key),
        RequestQualification(name=wanted.name, details=wanted.details),
        reason=Reason(code="qualification", text=f"{wanted.name} is declared and not on record"),
        guard=Guard(tenant=live.tenant),
        context=context_of_customer(spec, live.name),
        origin=wanted.origin,
    )
    text = f"asks Microsoft for the {wanted.name} qualification; vetting takes days, and purchases that need it wait"
    out.rows.append(Row(address=Address(spec.key), kind="change", operations=(ident,), note=text))


def _by_hand(wanted: QualificationSpec, capabilities: Capability) -> str | None:
    """Why it cannot be asked for from here."""
    if wanted.name not in _NEEDS:
        return "it can only be given by Microsoft"
    if Capability.QUALIFICATIONS not in capabilities:
        return "this provider cannot ask for it (it needs user credentials)"
    needed = _NEEDS[wanted.name]
    if needed is not None and needed not in wanted.details:
        return f"the request needs `{needed}`, which the manifest does not say"
    return None


def _in_review(spec: CustomerSpec, wanted: QualificationSpec, *, denied: bool) -> Waiting:
    if denied:
        text = f"Microsoft has denied the {wanted.name} qualification: settle it with Microsoft, or take it out"
        return Waiting(address=Address(spec.key), kind="manual", code="CSP385", text=text, origin=wanted.origin)
    text = f"the {wanted.name} qualification is in review at Microsoft"
    return Waiting(address=Address(spec.key), kind="blocked", code="CSP384", text=text, origin=wanted.origin)
