"""Many CEL policies asked at once: one expression that tells which of them plainly hold, and which need a closer look.

Asking takes longer than answering where policies are short. So the expressions of policies that reach every object of a
kind are put side by side into one; whatever doesn't plainly hold is asked again by itself, as the server asks it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from kfm_checks.admission.cel import Program, Refused, compile_cel
from kfm_checks.admission.cel_env import KUBERNETES_PROFILE, Profile
from kfm_checks.admission.cel_policy import BASE, Expression
from kfm_checks.admission.cel_scan import Token, rewrite, tokens
from kfm_checks.admission.cel_scope import shared
from kfm_checks.admission.defaults import SERVER_DECIDES
from kfm_checks.admission.model import Candidate, NotEvaluated, PolicyError
from kfm_checks.admission.vap import Policy

#: What the joint expression says of one policy: every validation holds, or its conditions let the request by.
HOLDS, NOT_FOR_IT = 0, -1
_MOST = 25
#: Beyond it an expression with its variables written out is asked by itself.
_LONGEST = 4_000
_ROOTS = frozenset({name for name, _ in BASE} | {"variables"})


class Group:
    """Some policies and the expression that asks them all. ``texts``: where each policy stands, and its question.

    Where one of them ends in an error the group is asked in halves, so that the others keep their short way.
    """

    def __init__(self, texts: Sequence[tuple[int, str]], profile: Profile) -> None:
        self.texts = texts
        self._profile = profile

    @cached_property
    def _program(self) -> Program | None:
        try:
            return compile_cel("[" + ",".join(text for _, text in self.texts) + "]", BASE, self._profile)
        except (Refused, NotEvaluated):
            return None

    @cached_property
    def _halves(self) -> tuple[Group, ...]:
        middle = len(self.texts) // 2
        if not middle:
            return ()
        return Group(self.texts[:middle], self._profile), Group(self.texts[middle:], self._profile)

    def ask(self, candidate: Candidate) -> Iterator[tuple[int, int]]:
        """Place and HOLDS or NOT_FOR_IT; nothing of a policy that needs a closer look."""
        found: Any = None
        if self._program is not None:
            try:
                found = self._program.run(shared(candidate).activation(self._program))
            except (PolicyError, NotEvaluated):
                found = None  # which of them it is, the halves tell
        if isinstance(found, list):
            yield from ((place, said) for (place, _), said in zip(self.texts, found, strict=True) if said <= HOLDS)
            return
        for half in self._halves:
            yield from half.ask(candidate)


def groups(policies: Sequence[Policy | None]) -> tuple[Group, ...]:
    """The policies that can be asked together; None stands for one that can't."""
    return groups_of((place, policy) for place, policy in enumerate(policies) if policy)


def groups_of(placed: Iterable[tuple[int, Policy]], profile: Profile = KUBERNETES_PROFILE) -> tuple[Group, ...]:
    """Policies of one profile, each with a number that stands for it in the answer."""
    texts = [(place, text) for place, policy in placed if (text := _question(policy))]
    return tuple(Group(texts[start : start + _MOST], profile) for start in range(0, len(texts), _MOST))


def settled(groups: Sequence[Group], candidate: Candidate) -> dict[int, int]:
    """Place of a policy -> HOLDS or NOT_FOR_IT; what needs a closer look is left out."""
    if not candidate.defaults_known:
        return {}  # what is absent may have a default: each is looked at by itself
    return {place: said for group in groups for place, said in group.ask(candidate)}


def _question(policy: Policy) -> str:
    """``conditions ? (how many validations fail) : -1``; "" where the policy has to be asked by itself."""
    if policy.param_kind is not None or policy.refused or not policy.validations:
        return ""
    conditions = [_whole(expression, policy) for _, expression in policy.conditions]
    validations = [_whole(one.expression, policy) for one in policy.validations]
    if not all(conditions) or not all(validations):
        return ""
    failing = f"(({' && '.join(validations)}) ? {HOLDS} : 1)"
    return f"(({' && '.join(conditions)}) ? {failing} : {NOT_FOR_IT})" if conditions else failing


def _whole(expression: Expression, policy: Policy) -> str:
    """The text with its variables written out, in brackets; "" where it has to be asked by itself."""
    text = expression.text
    for _ in range(8):
        if "variables" not in text or len(text) > _LONGEST:
            break
        text = _written_out(text, policy.block.variables)
    unfit = (
        expression.program is None
        or len(text) > _LONGEST
        or _reads_what_the_server_decides(text)
        or "variables" in text
        or "namespaceObject" in text
    )
    # A comment at the end must not swallow the bracket.
    return "" if unfit else f"({text}\n)"


def _written_out(text: str, variables: Mapping[str, Expression]) -> str:
    def change(found: list[Token], at: int) -> tuple[int, str] | None:
        shape = [token.text for token in found[at : at + 3]]
        if len(shape) < 3 or shape[:2] != ["variables", "."] or (at and found[at - 1].text == "."):
            return None
        known = variables.get(shape[2])
        return None if known is None or known.program is None else (3, f"({known.text}\n)")

    return rewrite(text, change)


def _reads_what_the_server_decides(text: str) -> bool:
    """Also where a loop's variable has the name of a root, which would change what a variable's text means."""
    plain = [token for token in tokens(text) if token.kind != "space"]
    if any(token.kind == "name" and token.text in SERVER_DECIDES for token in plain):
        return True
    return any(
        before.text in ("(", ",") and token.text in _ROOTS and after.text == ","
        for before, token, after in zip(plain, plain[1:], plain[2:], strict=False)
    )
