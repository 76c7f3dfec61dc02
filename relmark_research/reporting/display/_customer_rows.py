"""Tables with a row per customer: pseudonyms in place of ids, and none without a key."""

import os
import re
from collections.abc import Sequence

import pandas as pd
from pandas.api import types

from relmark_research.errors import ReportError, unknown_name, without_emails
from relmark_research.reporting.privacy.redaction import Redactor
from relmark_research.tables.pseudonyms import MAKE_A_KEY, has_key, pseudonyms

ID_VARIABLE = "RELMARK_ID_COLUMN"  # environment variable with the recipe's column of customers

_NAMES = ("customer id", "customer", "prospect id", "person id", "user id", "email", "e mail")
_PSEUDONYM = re.compile(r"C-[0-9a-f]{20}")


def left_out_sentence(caption: str) -> str:
    """Return why a table of customers is not shown, and what to do."""
    return (
        f"The table \u201c{caption}\u201d has a row per customer and is left out: there is no key "
        f"for pseudonyms. {MAKE_A_KEY}"
    )


def with_pseudonyms(frame: pd.DataFrame, ids: Sequence[str] | None) -> pd.DataFrame | None:
    """Return a table with pseudonyms in place of ids, or None where there is no key for them.

    Parameters
    ----------
    frame
        Any table.
    ids
        Its columns and index levels that hold ids; None takes those with a usual name, such as
        ``customer_id``, and the recipe's column of customers.

    Raises
    ------
    ReportError
        A name in ``ids`` is no column.
    """
    found = _columns_of_ids(frame) if ids is None else list(ids)
    for name in found:
        if name not in frame.columns and name not in frame.index.names:
            raise ReportError(unknown_name("column", name, [*frame.index.names, *frame.columns]))
    found = [name for name in found if not _are_pseudonyms(_values(frame, name))]
    if not found or not len(frame):
        return frame
    if not has_key():
        return None
    for name in found:
        frame = _replaced(frame, name)
    return frame


def without_addresses(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table without e-mail addresses and ids of the run in its text.

    The names of columns have no addresses either.
    """
    redactor = Redactor.from_environment()
    texts = {
        name: redactor.cells(frame[name])
        for name in frame.columns
        if types.is_object_dtype(frame[name])
        or types.is_string_dtype(frame[name])
        or isinstance(frame[name].dtype, pd.CategoricalDtype)
    }
    return frame.assign(**texts).rename(columns=without_emails)


def _columns_of_ids(frame: pd.DataFrame) -> list[str]:
    own = os.environ.get(ID_VARIABLE, "")
    return [
        name
        for name in [*frame.index.names, *frame.columns]
        if isinstance(name, str)
        and (name == own or re.sub(r"[\W_]+", " ", name).strip().lower() in _NAMES)
        and (
            not types.is_float_dtype(_values(frame, name))
            or ((name == own or name.lower().endswith("id")) and _is_whole(_values(frame, name)))
        )
    ]


def _is_whole(values: pd.Series | pd.Index) -> bool:
    """Return whether numbers are whole, as ids are after a gap made them floats."""
    return bool((values.dropna() % 1 == 0).all())


def _values(frame: pd.DataFrame, name: str) -> pd.Series | pd.Index:
    return frame[name] if name in frame.columns else frame.index.get_level_values(name)


def _are_pseudonyms(values: pd.Series | pd.Index) -> bool:
    return all(isinstance(each, str) and _PSEUDONYM.fullmatch(each) for each in values)


def _replaced(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    named = ["" if pd.isna(each) else pseudonyms([each])[0] for each in _values(frame, name)]
    if name in frame.columns:
        return frame.assign(**{name: named})
    if not isinstance(frame.index, pd.MultiIndex):
        return frame.set_axis(pd.Index(named, name=name))
    levels = [
        named if level == name else frame.index.get_level_values(place)
        for place, level in enumerate(frame.index.names)
    ]
    return frame.set_axis(pd.MultiIndex.from_arrays(levels, names=frame.index.names))
