"""Tables are plain DataFrames; here is how they are made and shown: whole words, left-aligned, escaped, never cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from kfm_checks.notebook.style import wrapped
from kfm_checks.notebook.text import html, plain, soft
from kfm_checks.tables import frame

if TYPE_CHECKING:
    import pandas as pd

#: Rows of one table; what is beyond is counted below it.
LIMIT = 60


def table(
    rows: Iterable[Sequence[object]], columns: Sequence[str], *, note: str = "", limit: int = LIMIT
) -> pd.DataFrame:
    """A DataFrame of text, made plain and cut at ``limit`` rows: ``attrs["note"]`` says what was left out."""
    everything = [tuple(plain(value) for value in row) for row in rows]
    made = frame(everything[:limit], columns)
    made.attrs["note"] = note
    if len(everything) > limit:
        made.attrs["note"] = (
            f"{len(everything) - limit} more are not shown here; `kfm-checks check` lists all. {note}".strip()
        )
    return made


def _with_index(made: pd.DataFrame) -> pd.DataFrame:
    """An index that says something becomes the first column."""
    import pandas as pd

    return made if isinstance(made.index, pd.RangeIndex) else made.reset_index()


def shown_html(made: pd.DataFrame) -> str:
    """The HTML of a DataFrame: the first column heads the row."""
    made = _with_index(made)
    head = "".join(f'<th scope="col">{html(column)}</th>' for column in made.columns)
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in made.itertuples(index=False, name=None))
    note = f"<p>{html(made.attrs['note'])}</p>" if made.attrs.get("note") else ""
    return wrapped(
        f'<div class="scroll" tabindex="0" role="region" aria-label="table"><table class="dataframe"><thead><tr>{head}'
        f"</tr></thead><tbody>{body}</tbody></table></div>{note}",
        picture=False,
    )


def _cells(row: Sequence[Any]) -> str:
    first, *rest = row
    return f'<th scope="row">{soft(first)}</th>' + "".join(f"<td>{soft(value)}</td>" for value in rest)


def shown_text(made: pd.DataFrame) -> str:
    """The text of a DataFrame: a line for each row, the same in every terminal."""
    made = _with_index(made)
    lines = [" | ".join(map(plain, row)) for row in made.itertuples(index=False, name=None)]
    note = [plain(made.attrs["note"])] if made.attrs.get("note") else []
    return "\n".join([" | ".join(map(plain, made.columns)), *lines, *note])


def register() -> None:
    """Tell IPython how to show DataFrames; without IPython there is nothing to tell."""
    import pandas as pd
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None or shell.display_formatter is None:
        return
    formatters = shell.display_formatter.formatters
    formatters["text/html"].for_type(pd.DataFrame, shown_html)
    formatters["text/plain"].for_type(pd.DataFrame, lambda made, printer, cycle: printer.text(shown_text(made)))
