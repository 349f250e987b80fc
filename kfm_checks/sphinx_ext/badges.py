"""Badges drawn here: a page asks nobody for a picture."""

from __future__ import annotations

from html import escape
from urllib.parse import unquote, urlsplit

#: shields.io's names of colours, as it draws them.
COLOURS = {
    "brightgreen": "#2f7d32",
    "green": "#3f7d20",
    "success": "#2f7d32",
    "yellowgreen": "#6b7a1f",
    "yellow": "#8a6d00",
    "orange": "#b3541e",
    "important": "#b3541e",
    "red": "#b3261e",
    "critical": "#b3261e",
    "blue": "#1f5f99",
    "informational": "#1f5f99",
    "lightgrey": "#5f6368",
    "inactive": "#5f6368",
}


def badge_of(url: str, alt: str) -> str:
    """An inline SVG in place of a badge from elsewhere; what the URL does not tell is taken from the text."""
    label, message, colour = _read(url, alt)
    return badge(label, message, COLOURS.get(colour, COLOURS["lightgrey"]), title=alt)


def badge(label: str, message: str, colour: str, title: str = "") -> str:
    """A flat badge; all text is escaped."""
    left, right = _width(label), _width(message)
    if not label:
        left = 0
    total = left + right
    name = escape(title or " ".join(part for part in (label, message) if part), quote=True)
    return (
        f'<svg class="kfm-badge" role="img" aria-label="{name}" width="{total}" height="20" '
        f'viewBox="0 0 {total} 20" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{name}</title>"
        f'<rect rx="3" width="{total}" height="20" fill="#4a4f55"/>'
        f'<path d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{right - 3}z" fill="{colour}"/>'
        + _text(left / 2, label)
        + _text(left + right / 2, message)
        + "</svg>"
    )


def _text(x: float, text: str) -> str:
    if not text:
        return ""
    return f'<text x="{x:g}" y="14" text-anchor="middle" fill="#fff">{escape(text)}</text>'


def _width(text: str) -> int:
    """Pixels that a text takes at 11 px Verdana or its like, with a margin; wide letters are counted as such."""
    narrow = sum(c in "iljtfr.,:;'|!()[] " for c in text)
    wide = sum(c in "mwMW@%" or ord(c) > 0x2E80 for c in text)
    return round(12 + 6.9 * len(text) - 2.6 * narrow + 3.2 * wide)


def _read(url: str, alt: str) -> tuple[str, str, str]:
    """Label, message and colour that a shields.io address asks for."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return "", alt or "picture", "lightgrey"
    _, found, spec = path.partition("/badge/")
    if not found or not spec:
        return "", alt or "picture from elsewhere", "lightgrey"
    plain = unquote(spec).removesuffix(".svg").replace("--", "\0").replace("__", "\1")
    parts = [part.replace("_", " ").replace("\0", "-").replace("\1", "_") for part in plain.split("-")]
    if len(parts) == 2:
        return "", parts[0], parts[1]
    return (parts[0], "-".join(parts[1:-1]), parts[-1]) if len(parts) > 2 else ("", alt or plain, "lightgrey")
