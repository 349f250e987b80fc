"""A form for stewards without git: it makes an attestation for download, or opens the host's page for a new file.

Pure HTML and script of our own: nothing is sent anywhere; the record counts once it is merged.
"""

from __future__ import annotations

import json
import re
from html import escape
from urllib.parse import urlsplit

from kfm_checks.config import Config
from kfm_checks.model import Requirement
from kfm_checks.records import ATTESTATIONS, FOLDER, SCHEMA
from kfm_checks.records_write import LONGEST
from kfm_checks.requirements import roles_for
from kfm_checks.wording import ROLES

_FIELDS = (
    ("statement", "What do you know?", 'textarea rows="3" required'),
    ("by", "Your name, as your commits give it", "input required"),
    ("expires", "Its last day", 'input type="date" required'),
    ("evidence", "Where to look (a ticket, a log, a file)", "input"),
)


def form(row: Requirement, config: Config, overlay: str, as_of: str) -> str:
    """The form for one row, as a piece of a page; "" where nobody may vouch for the row.

    A page with forms carries ``SCRIPT`` once.
    """
    if "attestation" not in row.by:
        return ""
    inside = "" if overlay in {"", "."} else f"{overlay}/"
    given = {
        "schema": SCHEMA,
        "requirement": row.id,
        "folder": f"{inside}{FOLDER}/{ATTESTATIONS}/",
        "date": as_of,
        "longest": LONGEST,
        "host": new_file_page(config.gitops.repository, config.gitops.branch),
    }
    roles = roles_for(row.id, config.attesters)
    options = "".join(f'<option value="{_e(role)}">{_e(ROLES.get(role, role))}</option>' for role in roles)
    fields = "".join(_field(*each) for each in _FIELDS)
    role = f'<label>In which role <select name="role">{options}</select></label>'
    host = '<button type="button" data-do="host">Open as a new file at the host</button>' if given["host"] else ""
    return (
        f'<form class="kfm-attest" data-kfm="{_e(json.dumps(given))}">'
        f"<p>Vouch for {_e(row.id)}: {_e(row.title)}</p>{fields}{role}"
        f'<p><button type="button" data-do="download">Download the record</button> {host}</p>'
        '<p class="kfm-attest-said" role="status"></p>'
        f"<p>Nothing is sent from this page. The record counts once it is merged as a file of <code>"
        f"{_e(given['folder'])}</code>; whom it names and who committed it are shown side by side.</p>"
        "<noscript><p>This form needs scripts; <code>kfm-checks attest</code> writes the same record.</p></noscript>"
        "</form>"
    )


def _field(name: str, label: str, element: str) -> str:
    tag = element.partition(" ")[0]
    close = "</textarea>" if tag == "textarea" else ""
    return f'<label>{_e(label)} <{tag} name="{name}"{element[len(tag) :]}>{close}</label>'


def _e(value: object) -> str:
    return escape(str(value), quote=True)


def new_file_page(repository: str, branch: str) -> str:
    """The address of the host's page for a new file, with ``FILE`` and ``TEXT`` to fill in; "" where it isn't known.

    GitHub takes name and content; GitLab takes the name alone (gitlab-org/gitlab#594214), so the text is to be pasted.
    """
    url = re.sub(r"^git@([^:]+):", r"https://\1/", repository).removesuffix("/").removesuffix(".git")
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    name = parts.path.strip("/")
    if (
        parts.scheme != "https"
        or not re.fullmatch(r"[\w.-]+(/[\w.-]+)+", name)
        or not re.fullmatch(r"[\w./-]+", branch)
    ):
        return ""
    if host == "github.com" or host.startswith("github."):
        return f"https://{host}/{name}/new/{branch}?filename=FILE&value=TEXT"
    if host == "gitlab.com" or host.startswith("gitlab."):
        return f"https://{host}/{name}/-/new/{branch}?file_name=FILE"
    return ""


#: Each value is written as JSON, which YAML reads as a quoted string: no input can become another field.
SCRIPT = """
"use strict";
function kfmProblem(given, value) {
  const days = (Date.parse(value.expires) - Date.parse(given.date)) / 86400000;
  if (!value.statement.trim()) return "Say what you know.";
  if (!value.by.trim()) return "Say who you are.";
  if (!/^\\d{4}-\\d{2}-\\d{2}$/.test(value.expires) || !(days >= 0)) return "Give a last day that is still to come.";
  if (days > given.longest) return "It may hold for a year at most.";
  return "";
}
function kfmRecord(given, value) {
  const quoted = (text) => JSON.stringify(text).replace(/[\\u007f-\\u009f\\u2028\\u2029\\ufeff\\ud800-\\udfff]/g,
    (c) => /[\\ud800-\\udfff]/.test(c) ? c : "\\\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
  const fields = [["requirement", given.requirement], ["statement", value.statement.trim()], ["by", value.by.trim()],
    ["role", value.role], ["date", given.date], ["expires", value.expires]];
  if (value.evidence.trim()) fields.push(["evidence", value.evidence.trim()]);
  return "schema: " + given.schema + "\\nrecords:\\n  - kind: attestation\\n"
    + fields.map(([name, text]) => "    " + name + ": " + quoted(text) + "\\n").join("");
}
function kfmName(given) {
  return given.requirement.replace(/[^A-Za-z0-9-]/g, "-") + "-" + given.date + ".yaml";
}
if (typeof document !== "undefined") {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("form.kfm-attest button[data-do]");
    if (!button) return;
    const form = button.closest("form");
    const given = JSON.parse(form.dataset.kfm);
    given.date = new Date().toISOString().slice(0, 10);
    const value = Object.fromEntries(new FormData(form));
    const said = form.querySelector(".kfm-attest-said");
    said.textContent = kfmProblem(given, value);
    if (said.textContent) return;
    const text = kfmRecord(given, value);
    if (button.dataset.do === "host") {
      const address = given.host.replace("FILE", () => encodeURIComponent(given.folder + kfmName(given)))
        .replace("TEXT", () => encodeURIComponent(text));
      if (!given.host.includes("TEXT") && navigator.clipboard) {
        navigator.clipboard.writeText(text);
        said.textContent = "The record is on the clipboard: paste it into the new file.";
      }
      window.open(address, "_blank", "noopener");
      return;
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
    link.download = kfmName(given);
    link.click();
    URL.revokeObjectURL(link.href);
    said.textContent = "Saved as " + link.download + "; it belongs into " + given.folder;
  });
}
"""
