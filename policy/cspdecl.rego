# What a plan of cspdecl holds, in the words people use for it. Pure helpers: rules stand in packages of their own.
#
# `input` is the document that `cspdecl plan --out FILE` writes. Amounts are numbers here, for comparing with a limit;
# what is billed is in the plan, as text and exact. Everything is a function of `input` alone.
package cspdecl

import rego.v1

# ---- operations ----

operations := object.get(input, ["cspdecl", "operations"], [])

# The part of an address before its first slash: hafenkontor/visio → hafenkontor.
customer_of(address) := split(address, "/")[0]

kind_of(operation) := operation.action.kind

# Customers that something is done for.
customers contains customer_of(operation.address) if some operation in operations

purchases contains operation if {
	some operation in operations
	kind_of(operation) in {"purchase", "buy_azure_plan"}
}

# What ends a subscription: at once, or when its term does.
cancels contains operation.address if {
	some operation in operations
	kind_of(operation) == "cancel"
}

cancels contains operation.address if {
	some operation in operations
	kind_of(operation) == "set_end_of_term"
	operation.action.after == "cancel"
}

# ---- seats ----

# Seats that an operation adds (below zero: takes away), now or with the renewal it writes.
seat_change(operation) := operation.action.seats if kind_of(operation) in {"purchase", "transition"}

seat_change(operation) := operation.action.after - operation.action.before if kind_of(operation) == "set_seats"

seat_change(operation) := 0 - operation.action.seats if kind_of(operation) == "cancel"

seat_change(operation) := operation.action.next.seats - object.get(operation, ["guard", "seats"], 0) if {
	kind_of(operation) == "schedule_renewal"
}

seats_added := sum([change |
	some operation in operations
	change := seat_change(operation)
	change > 0
])

seats_removed := sum([lost |
	some operation in operations
	lost := 0 - seat_change(operation)
	lost > 0
])

# ---- money ----

currencies contains operation.preview.commitment.currency if some operation in operations

currencies contains operation.promised.commitment.currency if some operation in operations

# What the plan newly obliges to pay, by currency; what it promises for a next term counts as well.
new_commitment[currency] := total if {
	some currency in currencies
	now := [to_number(operation.preview.commitment.amount) |
		some operation in operations
		operation.preview.commitment.currency == currency
	]
	later := [to_number(operation.promised.commitment.amount) |
		some operation in operations
		operation.promised.commitment.currency == currency
	]
	total := sum(now) + sum(later)
}

# Operations that commit to an amount nobody knows: a rule about money must not read them as nothing.
unknown_commitment contains operation.address if {
	some operation in operations
	kind_of(operation) in {"purchase", "change_term", "transition"}
	not operation.preview.commitment
}

unknown_commitment contains operation.address if {
	some operation in operations
	kind_of(operation) == "set_seats"
	operation.action.after > operation.action.before
	not operation.preview.commitment
}

unknown_commitment contains operation.address if {
	some operation in operations
	operation.promised.unknown
}

# ---- what comes back and what does not ----

changes := object.get(input, "resource_changes", [])

# Addresses of changes that reverting the pull request does not take back.
irreversible contains change.address if {
	some change in changes
	change.change.cspdecl.reversible == "never"
}

# Addresses of changes that can be taken back only until a day, with that day.
reversible_until[change.address] := change.change.cspdecl.reversible_until if {
	some change in changes
	change.change.cspdecl.reversible == "window"
}

# Whether a change does anything: adopting and renaming are "no-op" to other tools.
acts(change) if {
	some action in change.change.actions
	action != "no-op"
}

# ---- what cspdecl's own guardrails say ----

verdicts := object.get(input, ["cspdecl", "safety", "verdicts"], [])

refused contains verdict if {
	some verdict in verdicts
	verdict.refused
}

waived(verdict) if verdict.waiver

# Verdicts that wait for somebody's word.
awaits contains verdict if {
	some verdict in verdicts
	verdict.approval
	not waived(verdict)
}
