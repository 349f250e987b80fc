"""A README as data: checklist items, tables, folder map, links and headings, each with its line and its bindings."""

from kfm_checks.readme.model import Bound, Cell, Folder, Heading, Item, Link, Problem, Readme, Table
from kfm_checks.readme.parser import LIMIT, parse_readme
from kfm_checks.readme.slugs import Slugger, slug

__all__ = [
    "LIMIT",
    "Bound",
    "Cell",
    "Folder",
    "Heading",
    "Item",
    "Link",
    "Problem",
    "Readme",
    "Slugger",
    "Table",
    "parse_readme",
    "slug",
]
