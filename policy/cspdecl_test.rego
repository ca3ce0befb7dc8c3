# Run by `opa test policy/`; what is planned here is in fixtures.json.
package cspdecl_test

import data.cspdecl
import data.fixtures
import rego.v1

plan(list) := {"cspdecl": {"operations": list}}

test_seats_added if {
	given := plan([fixtures.buy, fixtures.more, fixtures.fewer, fixtures.cancelled])
	cspdecl.seats_added == 15 with input as given
}

test_seats_removed if {
	given := plan([fixtures.buy, fixtures.fewer, fixtures.at_renewal, fixtures.cancelled])
	cspdecl.seats_removed == 8 with input as given
}

test_nothing_is_nothing if {
	cspdecl.seats_added == 0 with input as {}
	cspdecl.seats_removed == 0 with input as {}
	cspdecl.new_commitment == {} with input as {}
}

test_customers if {
	given := plan([fixtures.buy, fixtures.more, fixtures.fewer])
	cspdecl.customers == {"muehlbach", "hafenkontor"} with input as given
}

test_cancels if {
	cspdecl.cancels == {"alt/projekt"} with input as plan([fixtures.buy, fixtures.cancelled])
	cspdecl.cancels == {"alt/visio"} with input as plan([fixtures.run_out])
	cspdecl.cancels == set() with input as plan([fixtures.renewed])
}

test_new_commitment_by_currency if {
	added := cspdecl.new_commitment with input as plan([fixtures.buy, fixtures.more])
	added == {"EUR": 3642.5}
	promised := cspdecl.new_commitment with input as plan([fixtures.promised])
	promised == {"USD": 7.5}
}

test_unknown_is_not_nothing if {
	cspdecl.unknown_commitment == {"neu/visio"} with input as plan([fixtures.unpriced])
	cspdecl.unknown_commitment == set() with input as plan([fixtures.buy])
	cspdecl.unknown_commitment == set() with input as plan([fixtures.fewer])
}

test_purchases if {
	count(cspdecl.purchases) == 1 with input as plan([fixtures.unpriced])
	count(cspdecl.purchases) == 0 with input as plan([fixtures.more])
}

change(address, how) := {"address": address, "change": {"actions": ["update"], "cspdecl": how}}

test_irreversible if {
	cspdecl.irreversible == {"a/b"} with input as {"resource_changes": [
		change("a/b", {"reversible": "never"}),
		change("a/c", {"reversible": "window", "reversible_until": "2026-11-29T14:02:00Z"}),
		change("a/d", {"reversible": "free"}),
	]}
}

test_reversible_until if {
	found := cspdecl.reversible_until with input as {"resource_changes": [
		change("a/c", {"reversible": "window", "reversible_until": "2026-11-29T14:02:00Z"}),
		change("a/d", {"reversible": "free"}),
	]}
	found == {"a/c": "2026-11-29T14:02:00Z"}
}

test_adopting_does_nothing if {
	not cspdecl.acts({"change": {"actions": ["no-op"]}})
	cspdecl.acts({"change": {"actions": ["create"]}})
}

verdict(more_of) := object.union({"rule": "forbid", "text": "t", "refused": false}, more_of)

test_awaits if {
	found := cspdecl.awaits with input as {"cspdecl": {"safety": {"verdicts": [
		verdict({"approval": {"role": "finance"}}),
		verdict({"approval": {"role": "finance"}, "waiver": "w"}),
		verdict({"refused": true}),
	]}}}
	found == {verdict({"approval": {"role": "finance"}})}
}
