"""Action lists for a CRM or mailing tool, as a file without formula injection."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from relmark_research.economics.next_action.next_best_action import Recommendations
from relmark_research.tables.export import write_table
from relmark_research.tables.given_tables import frame_in_memory

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
    """Write an action list as a file and return the number of escaped cells.

    Parameters
    ----------
    listed
        Any table. Text that a spreadsheet would evaluate as a formula is prefixed with an
        apostrophe; line breaks in text become blanks. Numbers and dates are unchanged.
    path
        A file in an existing folder, which is replaced if it exists. Its suffix decides:
        ``.parquet``, ``.xlsx``, and CSV (UTF-8, comma, header) for any other.

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
    return write_table(frame_in_memory(listed, "listed"), Path(path))
