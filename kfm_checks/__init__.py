"""Render a Kustomize overlay, verify every statement of its README, and give the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kfm_checks.manifests import load_manifests
    from kfm_checks.model import Report
    from kfm_checks.run import check_objects, check_overlay

__all__ = ["Report", "__version__", "check_objects", "check_overlay", "load_manifests"]
__version__ = "0.1.0"

_HOME = {
    "load_manifests": "kfm_checks.manifests",
    "check_objects": "kfm_checks.run",
    "check_overlay": "kfm_checks.run",
    "Report": "kfm_checks.model",
}


def __getattr__(name: str) -> Any:
    """Import the public names when they are asked for: the command line starts fast."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOME[name]), name)
