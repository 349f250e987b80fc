"""The look of pictures and tables: one small style sheet that each carries, so that it stands wherever it is shown.

Colours are those of the site. Each tone also has a sign, so that colour is never the only difference; backgrounds are
kept on paper. JupyterLab, Furo, VS Code and plain pages say in different ways that they are dark.
"""

from __future__ import annotations

#: Sign of each tone; numbers and neutral marks have none.
SIGNS = {
    "met": "✓",
    "not-met": "✗",
    "attested": "✎",
    "waived": "≈",
    "not-verified": "?",
    "not-applicable": "–",
}
WORDS = {
    "met": "as it should be",
    "not-met": "not as it should be",
    "attested": "somebody vouches for it",
    "waived": "known failure, accepted until a date",
    "not-verified": "nobody could tell",
    "not-applicable": "nothing of this kind here",
}
_LIGHT = (
    "--met:#1f6a2b;--metb:#e4f3e6;--not-met:#a81f18;--not-metb:#fbe6e4;--attested:#1f5f99;--attestedb:#e3eef8;"
    "--waived:#6d4390;--waivedb:#f0e8f6;--not-verified:#7a4f00;--not-verifiedb:#fbf0d9;--not-applicable:#5f6368;"
    "--not-applicableb:#ececee;--edge:#6b7280;"
    "--n1:#e7f0f8;--n2:#c3daee;--n3:#8fbbe0;--n4:#5b98cc"
)
_DARK = (
    "--met:#8fdc9a;--metb:#16311b;--not-met:#ffa097;--not-metb:#451a16;--attested:#93c7f5;--attestedb:#12293d;"
    "--waived:#d4b4ed;--waivedb:#2f1e3c;--not-verified:#f2c76b;--not-verifiedb:#392b0d;--not-applicable:#b6bbc0;"
    "--not-applicableb:#2a2d31;--edge:#9aa3ad;"
    "--n1:#16293a;--n2:#1d3f5c;--n3:#255a85;--n4:#2e6fa5"
)
_DARK_BODIES = "body[data-theme=dark] .kfmnb,body[data-jp-theme-light=false] .kfmnb,body.vscode-dark .kfmnb"
_MAYBE_DARK = "body:not([data-theme=light]):not([data-jp-theme-light=true]):not(.vscode-light) .kfmnb"


def _themed(light: str, dark: str) -> str:
    """Variables in light and dark; paper is always light."""
    auto = f"@media (prefers-color-scheme:dark){{{_MAYBE_DARK}{{{dark}}}}}"
    return f".kfmnb{{{light}}}@media not print{{{_DARK_BODIES}{{{dark}}}{auto}}}"


#: What tables and sentences need.
_PLAIN = (
    _themed("--line:#c9ced4;--head:#f1f3f5;--ink:#1d2125", "--line:#454b52;--head:#23282d;--ink:#e6e8ea")
    + ".kfmnb{margin:.6em 0;font-size:.92em;line-height:1.4;max-width:100%}"
    ".kfmnb p{margin:.35em 0;max-width:60em}"
    ".kfmnb .scroll{overflow-x:auto;max-width:100%}"
    ".kfmnb table{border-collapse:collapse;margin:0;border:0;font-size:1em;width:auto}"
    ".kfmnb th,.kfmnb td{border:1px solid var(--line);padding:.25em .55em;text-align:left!important;vertical-align:top;"
    "white-space:normal;overflow-wrap:anywhere;min-width:3em;max-width:26em}"
    ".kfmnb thead th{background:var(--head);color:var(--ink);vertical-align:bottom;font-weight:600;"
    "overflow-wrap:normal;min-width:4.5em}"
    ".kfmnb tbody tr{background:transparent!important}"
    ".kfmnb tbody th{font-weight:500;background:transparent}"
    ".kfmnb,.kfmnb *{-webkit-print-color-adjust:exact;print-color-adjust:exact}"
    "@media (max-width:40em){.kfmnb{font-size:.85em}}"
    "@media print{.kfmnb .scroll{overflow:visible}.kfmnb tr{break-inside:avoid}}"
)
#: What pictures need beside it.
_PICTURES = (
    _themed(_LIGHT, _DARK)
    + "".join(f".kfmnb .{tone}{{color:var(--{tone});background:var(--{tone}b)}}" for tone in SIGNS)
    + "".join(f".kfmnb .n{n}{{background:var(--n{n});color:var(--ink)}}" for n in range(1, 5))
    + ".kfmnb figure{margin:0}.kfmnb figcaption{font-weight:600;margin:0 0 .35em;text-align:left}"
    ".kfmnb .grid td{text-align:center!important;font-weight:600;white-space:nowrap}"
    ".kfmnb .grid tbody th{min-width:11em}"
    ".kfmnb .key{display:flex;flex-wrap:wrap;gap:.3em .9em;margin:.45em 0 0;padding:0;list-style:none;font-size:.93em}"
    ".kfmnb .key span,.kfmnb .chip{padding:0 .45em;border-radius:.8em;font-weight:600;display:inline-block;margin:.1em}"
    ".kfmnb .verdict{padding:.6em .9em;border-left:.4em solid currentColor;font-weight:600}"
    ".kfmnb svg{display:block}.kfmnb svg text{fill:var(--ink)}"
    "@media (max-width:40em){.kfmnb .grid tbody th{min-width:8em}}"
    "@media print{.kfmnb svg{min-width:0!important}}"
)


def wrapped(content: str, *, picture: bool = True) -> str:
    """A picture, or a table or sentence, with its style."""
    return f'<style>{_PLAIN}{_PICTURES if picture else ""}</style><div class="kfmnb">{content}</div>'
