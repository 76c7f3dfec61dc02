"""A pandas table as an engine can take it: plain columns, one kind of value in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relmark_research.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_PLAIN = {"string", "boolean", "integer", "floating", "decimal", "date", "datetime", "datetime64"}


def plain_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with text names, its named index as columns, and ids of any kind as text.

    Parameters
    ----------
    frame
        Whatever the user has; it is not changed.

    Returns
    -------
    DataFrame
        Periods become the day on which they begin; columns of mixed values, or of objects such as
        UUIDs, become text; columns of nothing but missing values become missing text.

    Raises
    ------
    DataError
        Where there is no column, a name stands twice, names have levels, or values are complex.

    Examples
    --------
    >>> import pandas as pd
    >>> plain_frame(pd.DataFrame({"customer_id": [7, "B7"]}))["customer_id"].to_list()
    ['7', 'B7']
    """
    if frame.columns.nlevels > 1:
        raise DataError(
            f"column names have one level; found {frame.columns.nlevels}, "
            f"first {frame.columns[0]!r}. Flatten them first."
        )
    frame = _with_index(frame.rename(columns=str))
    twice = frame.columns[frame.columns.duplicated()].unique().to_list()
    if twice or not len(frame.columns):
        found = f"{', '.join(map(repr, twice))} more than once" if twice else "no column at all"
        raise DataError(f"a table has columns, each of its own name; found {found}.")
    changed = {str(name): _plain(frame[name]) for name in frame if _is_odd(frame[name])}
    return frame.assign(**changed)


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    names = [name for name in frame.index.names if name is not None]
    new = [name for name in names if str(name) not in frame.columns]
    return frame.reset_index(level=new).rename(columns=str) if new else frame


def _is_odd(column: pd.Series) -> bool:
    import pandas as pd

    return (
        column.dtype == object
        or column.dtype.kind == "c"
        or isinstance(column.dtype, pd.PeriodDtype)
        or bool(column.isna().all())
    )


def _plain(column: pd.Series) -> pd.Series:
    import pandas as pd

    if isinstance(column.dtype, pd.PeriodDtype):
        return column.dt.to_timestamp()
    if column.dtype.kind == "c":
        raise DataError(f"column {column.name!r} holds complex numbers; real ones are needed.")
    if column.isna().all():
        return column.astype("str")
    if pd.api.types.infer_dtype(column, skipna=True) in _PLAIN:
        return column
    return column.map(str, na_action="ignore").astype("str")
