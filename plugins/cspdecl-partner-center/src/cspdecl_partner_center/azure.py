"""Buying a customer's Azure plan: a purchase like others, of one piece without a term (contract §15, 2023-10).

Which offer it is, the customer's own catalogue says; a customer has one plan for each reseller on record.
"""

from __future__ import annotations

from cspdecl.core.action import BuyAzurePlan, Purchase
from cspdecl.core.catalog import OfferKey
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import Outcome, ProbeOutcome, Rejected
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.spi.provider import Call
from cspdecl_partner_center import checkpoint, faults
from cspdecl_partner_center.catalog import CatalogReader
from cspdecl_partner_center.faithful import Malformed
from cspdecl_partner_center.paging import Incomplete
from cspdecl_partner_center.purchases import Buyer
from cspdecl_partner_center.targets import NotPossible, tenant_of
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal


class PlanBuyer:
    """Buys Azure plans, by the way all purchases go."""

    def __init__(self, buyer: Buyer, catalog: CatalogReader) -> None:
        self._buyer = buyer
        self._catalog = catalog

    def apply(self, operation: Operation, action: BuyAzurePlan, call: Call) -> Outcome:
        """The next step of the purchase."""
        try:
            wanted = self._purchase(operation, action, call)
        except NotPossible as refused:
            return refused.outcome
        except (Refusal, Busy, NoAnswer) as problem:
            return faults.outcome_of(problem)
        except (Malformed, Incomplete) as problem:
            return faults.outcome_of(NoAnswer(str(problem), reading=True))
        return self._buyer.apply(operation, wanted, call)

    def probe(self, operation: Operation, action: BuyAzurePlan, call: Call) -> ProbeOutcome:
        """Was it bought? Raises what reading raises."""
        try:
            return self._buyer.probe(operation, self._purchase(operation, action, call), call)
        except NotPossible as refused:
            return refused.outcome

    def _purchase(self, operation: Operation, action: BuyAzurePlan, call: Call) -> Purchase:
        """The plan as a purchase. Raises NotPossible, besides what the transport raises."""
        tenant, step = tenant_of(operation.guard, call), checkpoint.load(call.checkpoint)
        # Once a cart stands, its line says which offer it is.
        known = None if step is None or step.item is None else OfferKey.of_item(step.item)
        offer = known or self._catalog.azure_plan(tenant)
        if offer is None:
            message = "Partner Center offers this customer no Azure plan"
            raise NotPossible(Rejected(code="CSP426", message=message))
        return Purchase(
            offer=offer,
            seats=1,
            term=Term.ONCE,
            billing=BillingCycle.ONE_TIME,
            nickname=action.nickname,
            segment="commercial",
            country=action.country,
            unit_price=None,
            product="azure_plan",
            reseller=action.reseller,
            additional_resellers=action.additional_resellers,
            reseller_attested=action.reseller_attested,
        )
