"""Runs Rego in a process of its own: started by ``rego.py``, reads jobs as JSON, writes one line of JSON an answer.

Apart, because an expression in a policy may run for ever and the engine can't be interrupted from within.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main() -> None:
    """Answer each job; a line holds the job's and the input's index, and the violations or an error."""
    for index, job in enumerate(json.load(sys.stdin)):
        for place, answer in enumerate(_answers(job)):
            sys.stdout.write(json.dumps([index, place, answer]) + "\n")
            sys.stdout.flush()


def _answers(job: dict[str, Any]) -> Any:
    from regopy import Interpreter

    try:
        rego = Interpreter()
        for place, source in enumerate(job["libs"]):
            rego.add_module(f"lib{place}", source)
        rego.add_module("template", job["rego"])
        rego.add_data({"inventory": job["inventory"]})
        entry = f"{job['package'].replace('.', '/')}/violation"
        bundle = rego.build(None, [entry])
    except Exception as error:  # noqa: BLE001, RUF100 - whatever the engine raises is the answer
        yield from (
            {"error": f"the template does not compile: {str(error).partition(chr(10))[0][:300]}"} for _ in job["inputs"]
        )
        return
    for value in job["inputs"]:
        try:
            rego.set_input(value)
            out = json.loads(str(rego.query_bundle_entrypoint(bundle, entry)))
            yield {"violations": _violations(out.get("expressions") or [])}
        except Exception as error:  # noqa: BLE001, RUF100
            yield {"error": str(error).partition("\n")[0][:300]}


def _violations(expressions: list[Any]) -> list[Any]:
    """A set of v1 is a list; a partial set of v0 an object whose keys are the members, as JSON."""
    found: list[Any] = []
    for value in expressions:
        if isinstance(value, dict):
            found.extend(json.loads(key) for key in sorted(value))
        elif isinstance(value, list):
            found.extend(value)
    return found


if __name__ == "__main__":
    main()
