"""The ways in which a text writes a value beside its name: assignments, entries, arguments, headers, defaults in code.

``credentials`` finds the names and asks what stands beside each; whether the value is one says ``credential_keys``.
"""

from __future__ import annotations

import re

QUOTED = r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\n]|'')*'"
#: JSON within JSON, whose quotes have a backslash or more before them.
ESCAPED = r"\\+\"(?:[^\"\\\n]|\\+[^\"\\\n])*\\+\""
BLOCK = r"[|>][0-9+-]*[ \t]*(?:\#[^\n]*)?\n[ \t]*[^\n]*"
#: name=value, as in a shell, a flag, a properties file, a query, a connection string.
EQUALS = re.compile(
    rf"[\"']?[ \t]{{0,40}}:?=(?!=|~\\*\")[ \t]{{0,40}}({ESCAPED}|{QUOTED}"
    rf"|(?:\$\([^)]*\)|\$\{{[^}}\s]*\}}|\$?\{{\{{[^}}]*\}}\}}|[^\s,;&\"'`)\]}}])+)"
)
#: name: value, as in YAML, JSON and headers; the value ends the line, or the item in a flow.
COLON = re.compile(
    rf"(\\*[\"']?)[ \t]*:(?:[ \t]+|(?=\\*\"))(?:[&!][\w!]+[ \t]+)*({ESCAPED}|{QUOTED}|{BLOCK}|[^\s\"'{{\[][^\n]*)"
)
#: The same in a sentence, as code between backticks: the value ends with them.
CODE = re.compile(r"[ \t]*:[ \t]+([^`\n]{1,200})`")
#: An entry of env:, a Helm parameter, a JSON patch: a name, and its value on a neighbouring line or in the same braces.
ENTRY = re.compile(
    rf"[\"']?[ \t]*(?:,|#[^\n]*)?\s*(?:[\"']?forceString[\"']?:[^\n]*\n\s*)?"
    rf"[\"']?value[\"']?:[ \t]*({QUOTED}|{BLOCK}|[^\s\"'{{\[][^\n}}]*)"
)
ENTRY_NAME = re.compile(r"(?:^|[\s{,\"'-])(?:name|path|key)[\"']?:[ \t]*[\"']?(?:/[^\s\"']*/)?$")
ENTRY_REVERSED = re.compile(
    rf"[\"']?value[\"']?:[ \t]*({QUOTED}|[^\s\"'{{\[][^\n,}}]*),?\s*[\"']?name[\"']?:[ \t]*[\"']?$"
)
#: The labels that a metric is asked for with (``up{job="x",secret="``), to the left of a name: names of objects.
MATCHERS = re.compile(r"\{(?:\s*\w+\s*(?:=~?|!=|!~)\s*\\*\"[^\"\n]*\"\s*,)*\s*$")
#: One word after a name that begins its line (Fluent Bit, fluentd), or after the name of a header (nginx).
WORD_AFTER = re.compile(r"[ \t]+[\"']?([^\s\"'=:;{}<>|&][^\s\"';{}<>|&]*)[\"']?;?[ \t]*(?:#[^\n]*)?(?:\n|$)")
LEADS_WORD = re.compile(r"^[ \t]*(?:(?:proxy_set_header|request_header)[ \t]+)?$")
#: What code takes where a variable is not set: ``getenv("PW", "x")``, ``process.env.PW || "x"``.
UNSET = re.compile(r"[\"']?[ \t]{0,20}(?:,|\|\||\?\?)[ \t]{0,20}[\"']([^\"'\n]{1,400})[\"']")
ENVIRON = re.compile(r"(?:(?:env(?:iron)?\.get|getenv)\([\"']|\benv\.)\w+$")
#: ``{"type": "password", "value": …}``, as Keycloak exports users.
TYPED = re.compile(r"\btype[\"']?[ \t]*:[ \t]*[\"']?$")
#: A flag's value as the next word of a command line; a header among the arguments of a command.
ARGUMENT = re.compile(r"[ \t]+[\"']?([^\s\"'|;&<>-][^\s\"'|;&<>]*)")
HEADER = re.compile(r"(?:^|\s)(?:-H|--header)[= ]*[\"']?$")
HEADER_VALUE = re.compile(r"[ \t]*:[ \t]*([^\s\"']+)")
