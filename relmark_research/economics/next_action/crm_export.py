"""Action lists for a CRM or mailing tool: CSV without formula injection.

Spreadsheet programs evaluate text cells that begin with =, +, -, @, a tab or a line break (also in
full-width form, and after blanks). Such cells are prefixed with an apostrophe.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from relmark_research.economics.next_action.next_best_action import Recommendations
from relmark_research.errors import DataError
from relmark_research.tables.given_tables import frame_in_memory

_FORMULA = re.compile(r"^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20\u2212|%]|^[\t\r\n\0]")
_BREAK = re.compile(r"[\r\n\0\t]+")
_MONEY = ("expected_gain", "gain_low", "gain_high", "residual_value")


def action_list(advice: Recommendations, *, action: str | None = None) -> pd.DataFrame:
    """Return the recommendations as an action list: rank, customer_id, action, reason, gain.

    Parameters
    ----------
    advice
        From `recommend`.
    action
        One action; None for all actions except keep.

    Returns
    -------
    DataFrame
        rank (1 has the highest gain), customer_id, action, reason, expected_gain, gain_low,
        gain_high, residual_value (money, whole cents), p_negative, certainty (probabilities, two
        digits).
    """
    table = advice.table
    table = table[table["action"] != "keep"] if action is None else table[table["action"] == action]
    listed = table.reset_index()
    listed.insert(0, "rank", range(1, len(listed) + 1))
    rounding = dict.fromkeys(_MONEY, 2) | dict.fromkeys(("p_negative", "certainty"), 2)
    names = ["rank", "customer_id", "action", "reason", *_MONEY, "p_negative", "certainty"]
    return listed[names].round(rounding)


def write_list(listed: pd.DataFrame, path: Path | str) -> int:
    """Write an action list as CSV (UTF-8, comma, header) and return the number of escaped cells.

    Parameters
    ----------
    listed
        Any table. Text that a spreadsheet would evaluate as a formula is prefixed with an
        apostrophe; line breaks in text become blanks. Numbers and dates are unchanged.
    path
        A file in an existing folder; an existing file is replaced.

    Raises
    ------
    DataError
        If the folder does not exist.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "calls.csv"
    ...     escaped = write_list(pd.DataFrame({"customer_id": ["=2+5", "007"]}), file)
    ...     print(escaped, file.read_text().split())
    1 ['customer_id', "'=2+5", '007']
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise DataError(
            f"the folder of {path.name} must exist; found no folder {path.parent}. Create it first."
        )
    safe, escaped = frame_in_memory(listed, "listed").copy(), 0
    safe.columns = pd.Index([_escaped(str(name)) for name in safe.columns])
    for i in range(safe.shape[1]):
        column = safe.iloc[:, i]
        if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
            continue
        texts = column.map(lambda cell: _escaped(cell), na_action="ignore")
        formulas = column.map(lambda cell: isinstance(cell, str) and bool(_FORMULA.match(cell)))
        escaped += int(formulas.sum())
        safe.isetitem(i, texts.to_numpy(dtype=object))
    unfinished = path.with_name(path.name + ".part")
    safe.to_csv(unfinished, index=False, lineterminator="\n", date_format="%Y-%m-%d")
    unfinished.replace(path)
    return escaped


def _escaped(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    flat = _BREAK.sub(" ", cell)
    return f"'{flat}" if _FORMULA.match(cell) else flat
