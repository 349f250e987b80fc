"""Effective RBAC of the rendered objects: who may do what, who reads which Secret, who can gain more.

``permissions`` and ``can`` are the public names; checks take the facts ``access`` and ``personas``.
"""

from kfm_checks.facts.access.frames import can, permissions
from kfm_checks.facts.access.grants import Access, Grant, access, canonical, identities, member_of
from kfm_checks.facts.access.rules import Request, Rule

__all__ = ["Access", "Grant", "Request", "Rule", "access", "can", "canonical", "identities", "member_of", "permissions"]
