"""A list for a CRM or mailing tool: plain CSV in which no cell can act as a formula.

Spreadsheet programs run a cell of text that begins with =, +, -, @, a tab or a line break (also in
their full-width forms, and behind blanks). Such a cell gets an apostrophe in front.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from relmark_research.economics.next_action.next_best_action import Recommendations
from relmark_research.errors import DataError

_FORMULA = re.compile(r"^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20\u2212|%]|^[\t\r\n\0]")
_BREAK = re.compile(r"[\r\n\0\t]+")
_MONEY = ("expected_gain", "gain_low", "gain_high", "residual_value")


def action_list(advice: Recommendations, *, action: str | None = None) -> pd.DataFrame:
    """Return the advice as a list to act on: rank, customer_id, action, reason, gain.

    Parameters
    ----------
    advice
        From `recommend`.
    action
        One action, or None for all of them but keep.

    Returns
    -------
    DataFrame
        rank (1 gains most), customer_id, action, reason, expected_gain, gain_low, gain_high,
        residual_value (money, whole cents), p_negative, certainty (probabilities, two digits).
    """
    table = advice.table
    table = table[table["action"] != "keep"] if action is None else table[table["action"] == action]
    listed = table.reset_index()
    listed.insert(0, "rank", range(1, len(listed) + 1))
    rounding = dict.fromkeys(_MONEY, 2) | dict.fromkeys(("p_negative", "certainty"), 2)
    names = ["rank", "customer_id", "action", "reason", *_MONEY, "p_negative", "certainty"]
    return listed[names].round(rounding)


def write_list(listed: pd.DataFrame, path: Path | str) -> int:
    """Write a list as CSV (UTF-8, comma, one header line) and return how many cells were disarmed.

    Parameters
    ----------
    listed
        Any table; text that a spreadsheet would take for a formula gets an apostrophe in front,
        line breaks in text become blanks. Numbers and dates stay as they are.
    path
        A file in a folder that exists; it is replaced whole.

    Raises
    ------
    DataError
        Where the folder does not exist.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "calls.csv"
    ...     disarmed = write_list(pd.DataFrame({"customer_id": ["=2+5", "007"]}), file)
    ...     print(disarmed, file.read_text().split())
    1 ['customer_id', "'=2+5", '007']
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise DataError(
            f"there is no folder {path.parent} to write {path.name} into. Make it first."
        )
    safe, disarmed = listed.copy(), 0
    safe.columns = pd.Index([_disarmed(str(name)) for name in safe.columns])
    for place in range(safe.shape[1]):
        column = safe.iloc[:, place]
        if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
            continue
        plain = column.map(lambda cell: _disarmed(cell), na_action="ignore")
        was_text = column.map(lambda cell: isinstance(cell, str) and bool(_FORMULA.match(cell)))
        disarmed += int(was_text.sum())
        safe.isetitem(place, plain.to_numpy(dtype=object))
    unfinished = path.with_name(path.name + ".part")
    safe.to_csv(unfinished, index=False, lineterminator="\n", date_format="%Y-%m-%d")
    unfinished.replace(path)
    return disarmed


def _disarmed(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    flat = _BREAK.sub(" ", cell)
    return f"'{flat}" if _FORMULA.match(cell) else flat
