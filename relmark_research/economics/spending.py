"""From a firm's books to where it stands with its spending."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from relmark_research.economics.books import ALL, Books
from relmark_research.economics.curves import fit_curves
from relmark_research.economics.position import SpendingPosition
from relmark_research.economics.retention import check_margin
from relmark_research.errors import DataError, ParameterError, unknown_name
from relmark_research.units import AnnualRate

Margins = float | Mapping[str, float] | pd.Series | pd.DataFrame


def spending_position(
    table: pd.DataFrame | str | Books,
    *,
    margin: Margins,
    annual_discount_rate: float,
    by: str | None = None,
    period: str = "quarter",
    names: Mapping[str, str] | None = None,
    recent: int | None = None,
) -> SpendingPosition:
    """Fit the curves of the books and return where the firm stands.

    Parameters
    ----------
    table, by, period, names
        The books; see `Books.of`. What is spent on keeping is spent on accounts up for renewal,
        each once a year, so that spend per customer at risk is money per customer and year.
    margin
        Money per customer and year: one number, a mapping or Series by segment, or the table that
        `first_year_margin` gives, whose standard errors then count as doubt.
    annual_discount_rate
        In [0, 1).
    recent
        Number of last periods that make today; None takes all.

    Raises
    ------
    DataError
        Where a segment's curves cannot be fitted, and why.

    Examples
    --------
    >>> import relmark_research as rm
    >>> margin = {"web": 110, "mail": 160, "referral": 280, "fair": 390, "field": 1110}
    >>> position = spending_position(rm.load_sample("books"), by="channel", recent=4,
    ...                              margin=margin, annual_discount_rate=0.10)
    >>> position.next_unit()["next_unit"].round(2).to_dict()
    {'acquisition': 6.55, 'retention': 6.1}
    """
    books = Books.of(table, by=by, period=period, names=names)
    rate = AnnualRate(annual_discount_rate).value
    recently = books.recent(recent)
    years = recently.table["period"].nunique() / books.periods_per_year
    today = recently.totals() / years
    fits, notes = fit_curves(books, today)
    if notes:
        raise DataError(
            f"the budget can be split where both curves are known; {len(notes)} of "
            f"{len(books.segments)} segments lack one, first {next(iter(notes))!r}: "
            f"{next(iter(notes.values()))} Leave these segments out, or join them with others."
        )
    tried = {line: (fit.counts.spend.min(), fit.counts.spend.max()) for line, fit in fits.items()}
    return SpendingPosition(today, fits, _margins(margin, books.segments), rate, tried)


def _margins(margin: Margins, segments: list[str]) -> pd.DataFrame:
    if isinstance(margin, pd.DataFrame):
        if "margin" not in margin:
            raise ParameterError(unknown_name("column", "margin", margin.columns))
        table = margin.reindex(columns=["margin", "standard_error"])
    else:
        given = (
            margin if isinstance(margin, Mapping | pd.Series) else dict.fromkeys(segments, margin)
        )
        table = pd.DataFrame({"margin": pd.Series(dict(given), dtype=float), "standard_error": 0.0})
    if segments == [ALL] and len(table) == 1:
        table = table.set_axis([ALL])
    missing = [segment for segment in segments if segment not in table.index]
    if missing:
        raise ParameterError(
            f"margin must have every segment of the books; {', '.join(map(repr, missing))} missing "
            f"(there are: {', '.join(map(str, table.index))}). Add them."
        )
    for value in table.loc[segments, "margin"]:
        check_margin(float(value))
    least = float(table.loc[segments, "standard_error"].min())
    if least < 0:
        raise ParameterError(f"a margin's standard error is 0 or more; found {least:g}.")
    return table.loc[segments].fillna({"standard_error": 0.0})
