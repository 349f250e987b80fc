package system.log

import rego.v1

# What a decision log never holds: who asked, with which token, for which place.
mask contains "/input/subject/token"

mask contains "/input/query"

mask contains "/input/geometry"
