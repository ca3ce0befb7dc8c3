"""Attempts to buy what is not sold, in the wrong proportion, once too often, or in the name of the wrong reseller."""

from __future__ import annotations

from typing import Any

from tests.simulator.breaking import breaks, end_of_cart, seeded
from tests.simulator.world import COPILOT, CUSTOMER, PREMIUM, VISIO, Client, frozen

# buying


@breaks("buying.sold", [10001, 10013])
def _what_nobody_sells() -> Any:
    client = Client(frozen())
    known = client.line(CUSTOMER, COPILOT)
    return [
        end_of_cart(client, known | {"catalogItemId": "CFQ7TTC0NONE:0001:AAA"}),
        end_of_cart(client, known | {"termDuration": "P1M"}),
    ]


@breaks("buying.share", [10019, 201])
def _a_small_share_of_the_bases() -> Any:
    simulator = frozen()
    simulator.seed_sku("GEOSKU000001:0001", addon=True, prerequisites=[PREMIUM, VISIO], base_share=5)
    for offer, seats in ((PREMIUM, 100), (VISIO, 30)):
        simulator.seed_subscription(CUSTOMER, offer, seats=seats)
    client = Client(simulator)
    return [end_of_cart(client, client.line(CUSTOMER, "GEOSKU000001:0001", seats)) for seats in (6, 7)]


@breaks("buying.qualified", [(400, 800002), (400, 800002), 201])
def _a_qualification_nobody_can_ask_for() -> Any:
    client, found = Client(frozen()), []
    asked: list[dict[str, str]] = [{"qualification": "Nonprofit"}, {"qualification": "Education"}]
    for body in [*asked, {"qualification": "Education", "educationSegment": "K12"}]:
        answer = client.post(f"/customers/{CUSTOMER}/qualifications", body)
        found.append(answer.status if answer.status == 201 else answer.code)
    return found


@breaks("seats.owned", {"at one time": [(403, 800089), 201], "ever": [(403, 800089), (403, 800089)]})
def _own_more_than_the_matrix_says() -> Any:
    found: dict[str, list[Any]] = {}
    for how in ("at one time", "ever"):
        simulator = frozen()
        simulator.seed_sku("RARESKU00001:0001", owned_limit=1, owned_for_life=how == "ever")
        client = Client(simulator)
        row = client.buy(CUSTOMER, "RARESKU00001:0001")
        beside = end_of_cart(client, client.line(CUSTOMER, "RARESKU00001:0001"))
        client.patch(CUSTOMER, row, status="deleted")
        found[how] = [beside, end_of_cart(client, client.line(CUSTOMER, "RARESKU00001:0001"))]
    return found


# resellers


def _provider(numbers: list[str], more: int = 0, *, attested: bool | None = True, model: str = "indirect") -> Any:
    simulator = frozen(model=model)
    for number in range(7):
        simulator.seed_reseller(f"b01b1487-0000-4000-8000-00000000000{number}", f"484743{number}")
    client = Client(simulator)
    people = [{"key": "transaction_reseller", "value": one} for one in numbers]
    people += [{"key": "additional_transaction_reseller", "value": f"484743{one}"} for one in range(1, 1 + more)]
    line = client.line(CUSTOMER, VISIO, participants=people)
    return end_of_cart(client, line, partnerOnRecordAttestationAccepted=attested)


@breaks("resellers.known", (10004, 201))
def _a_stranger_on_record() -> Any:
    return _provider(["9999999"]), _provider(["4847430"])


@breaks("resellers.attested", (400, 900206))
def _a_reseller_nobody_attested() -> Any:
    return _provider(["4847430"], attested=None)


@breaks("resellers.five", (201, 10004))
def _six_more_resellers() -> Any:
    return _provider(["4847430"], 5), _provider(["4847430"], 6)


@breaks("resellers.direct", 10004)
def _a_direct_partner_names_one() -> Any:
    return _provider(["4847430"], model="direct")


@breaks("resellers.signed", [(403, 900123), (403, 900123), 201])
def _a_reseller_without_the_agreement() -> Any:
    found = []
    for how in ({"signed": False}, {"location": "BR"}, {}):
        simulator = frozen(model="indirect")
        simulator.seed_reseller("b01b1487-0000-4000-8000-000000000001", "4847430", **how)
        client = Client(simulator)
        line = client.line(CUSTOMER, VISIO, participants=[{"key": "transaction_reseller", "value": "4847430"}])
        found.append(end_of_cart(client, line, partnerOnRecordAttestationAccepted=True))
    return found


@breaks("resellers.record", [(400, 800098), 200])
def _a_stranger_put_on_record() -> Any:
    simulator, client, row = seeded(settings={"model": "indirect"})
    simulator.seed_reseller("b01b1487-0000-4000-8000-000000000001", "4847430")
    strange, known = (client.patch(CUSTOMER, row, partnerId=one) for one in ("9999999", "4847430"))
    return [strange.code, known.status]
