# A policy to start from: what conftest looks for, `deny` and `warn` with a `msg` each. Change it; it is yours.
#
#     conftest test --policy policy/ --data policy/limits.yaml plan.json
#
# What cspdecl.yaml can say (guardrails) is better said there: it is known to plan, apply and the pull request's text.
package main

import data.cspdecl
import rego.v1

limits := object.get(data, "limits", {})

deny contains {"msg": msg} if {
	not startswith(object.get(input, "format_version", ""), "1.")
	msg := "this is no plan that these rules know: format_version 1.x is needed"
}

deny contains {"msg": msg} if {
	input.errored
	msg := "some customer has an error; nothing is done for it"
}

deny contains {"msg": msg} if {
	some verdict in cspdecl.refused
	msg := sprintf("%s: %s", [verdict.rule, verdict.text])
}

deny contains {"msg": msg} if {
	some currency, amount in cspdecl.new_commitment
	limit := limits.new_commitment[currency]
	amount > limit
	msg := sprintf("this plan newly commits to %v %s, the policy allows %v", [amount, currency, limit])
}

deny contains {"msg": msg} if {
	limits.new_commitment
	some address in cspdecl.unknown_commitment
	msg := sprintf("what %s commits to is not known", [address])
}

deny contains {"msg": msg} if {
	count(cspdecl.cancels) > limits.cancellations
	msg := sprintf("this plan ends %d subscriptions, the policy allows %d", [count(cspdecl.cancels), limits.cancellations])
}

warn contains {"msg": msg} if {
	not object.get(input, "complete", true)
	msg := "a customer could not be read: this plan is not all there is to do"
}

warn contains {"msg": msg} if {
	some address in cspdecl.irreversible
	msg := sprintf("%s cannot be taken back", [address])
}

warn contains {"msg": msg} if {
	some verdict in cspdecl.awaits
	msg := sprintf("%s waits for somebody's approval: %s", [verdict.rule, verdict.text])
}
