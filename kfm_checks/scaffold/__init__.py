"""A new overlay with the expected layout, and a proposed configuration for one that exists."""

from __future__ import annotations

from kfm_checks.scaffold.files import Choices, File, plan, write_new
from kfm_checks.scaffold.proposal import propose

__all__ = ["Choices", "File", "plan", "propose", "write_new"]
