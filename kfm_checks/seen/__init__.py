"""What was seen of a cluster, as the notebook and the site show it alike: rows and pictures, no verdict."""

from kfm_checks.seen.access import Pair, pairs
from kfm_checks.seen.drift import Line, Moment, alike, lines, moments
from kfm_checks.seen.enforcement import Tried, tried
from kfm_checks.seen.exposure import Door, doors
from kfm_checks.seen.halves import is_live
from kfm_checks.seen.timeline import drawn
from kfm_checks.seen.whole import NOT_LOOKED_AT, Looked, looked, shown

__all__ = [
    "NOT_LOOKED_AT",
    "Door",
    "Line",
    "Looked",
    "Moment",
    "Pair",
    "Tried",
    "alike",
    "doors",
    "drawn",
    "is_live",
    "lines",
    "looked",
    "moments",
    "pairs",
    "shown",
    "tried",
]
