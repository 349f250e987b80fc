"""Mermaid flowcharts as SVG, drawn here: no script, no request, no browser needed; other diagrams stay text."""

from kfm_checks.sphinx_ext.mermaid.draw import flowchart_svg

__all__ = ["flowchart_svg"]
