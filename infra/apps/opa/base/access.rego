package kfm.access

import rego.v1

# Closed unless a rule below opens it.
default decision := {"allow": false, "generalise": true, "reason": "no rule allows this"}

decision := {"allow": true, "generalise": false, "reason": "public"} if {
	input.dataset.sensitivity == "public"
}

decision := {"allow": true, "generalise": false, "reason": "role is cleared for restricted data"} if {
	input.dataset.sensitivity == "restricted"
	"restricted-reader" in input.subject.roles
}

# A sensitive place is shown as a cell, unless the steward cleared the reader.
decision := {"allow": true, "generalise": true, "reason": "generalised location"} if {
	input.dataset.sensitivity == "sensitive-location"
	input.dataset.approved
	not "location-steward" in input.subject.roles
}

decision := {"allow": true, "generalise": false, "reason": "location steward"} if {
	input.dataset.sensitivity == "sensitive-location"
	input.dataset.approved
	"location-steward" in input.subject.roles
}
