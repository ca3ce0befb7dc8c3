package main_test

import data.main
import rego.v1

sound := {"format_version": "1.0", "errored": false, "complete": true}

msgs(found) := {item.msg | some item in found}

buying(amount) := object.union(sound, {"cspdecl": {"operations": [{
	"address": "muehlbach/m365",
	"action": {"kind": "purchase", "seats": 12},
	"preview": {"commitment": {"amount": amount, "currency": "EUR"}},
}]}})

test_a_sound_plan_passes if {
	count(main.deny) == 0 with input as sound
	count(main.warn) == 0 with input as sound
}

test_no_plan if {
	found := main.deny with input as {}
	msgs(found) == {"this is no plan that these rules know: format_version 1.x is needed"}
}

test_errors_deny if count(main.deny) == 1 with input as object.union(sound, {"errored": true})

test_a_limit_of_the_policy if {
	limits := {"new_commitment": {"EUR": 3000}}
	found := main.deny with input as buying("3542.40") with data.limits as limits
	msgs(found) == {"this plan newly commits to 3542.4 EUR, the policy allows 3000"}
	count(main.deny) == 0 with input as buying("3000.00") with data.limits as limits
}

test_without_limits_nothing_is_limited if {
	count(main.deny) == 0 with input as buying("999999.00") with data.limits as {}
}

test_unknown_does_not_pass_a_limit if {
	unknown := object.union(sound, {"cspdecl": {"operations": [{
		"address": "neu/visio",
		"action": {"kind": "purchase", "seats": 1},
	}]}})
	found := main.deny with input as unknown with data.limits as {"new_commitment": {"EUR": 3000}}
	msgs(found) == {"what neu/visio commits to is not known"}
}

test_cancellations if {
	ending := object.union(sound, {"cspdecl": {"operations": [
		{"address": "a/b", "action": {"kind": "cancel", "seats": 1}},
		{"address": "a/c", "action": {"kind": "cancel", "seats": 1}},
	]}})
	found := main.deny with input as ending with data.limits as {"cancellations": 1}
	msgs(found) == {"this plan ends 2 subscriptions, the policy allows 1"}
}

test_guardrails_are_passed_on if {
	touched := object.union(sound, {"cspdecl": {"safety": {"verdicts": [
		{"rule": "forbid", "text": "no", "refused": true},
		{"rule": "maxSeatsPerChange", "text": "many", "refused": false, "approval": {"role": "finance"}},
	]}}})
	denied := main.deny with input as touched
	warned := main.warn with input as touched
	msgs(denied) == {"forbid: no"}
	msgs(warned) == {"maxSeatsPerChange waits for somebody's approval: many"}
}

test_what_cannot_be_taken_back_is_said if {
	found := main.warn with input as object.union(sound, {"resource_changes": [{
		"address": "a/b",
		"change": {"actions": ["delete"], "cspdecl": {"reversible": "never"}},
	}]})
	msgs(found) == {"a/b cannot be taken back"}
}

test_incomplete_warns if count(main.warn) == 1 with input as object.union(sound, {"complete": false})
