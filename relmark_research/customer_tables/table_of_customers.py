"""One row per customer: where they stand, what they are expected to do, what is advised.

The columns, their order and their types are always the same; what is not known is missing:

customer_id         the id as text, or its pseudonym
segment, rung       as given; the rung is that of the ladder's last whole period
last_purchase       day of the last purchase
purchases           purchase-days so far
value_so_far        value of all purchases so far
p_alive             probability that the customer is still a customer
expected_purchases  expected purchases within the horizon, with purchases_low and purchases_high
expected_value      expected value within the horizon, with value_low and value_high
advice              the advised action, with advice_verdict (do, stop, test), advice_reason and
                    advice_evidence

Low and high are the ends of a prediction range: what this one customer may do.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.families.gamma_gamma import GammaGamma
from relmark_research.clv.prediction._inputs import Margin, PurchaseInput, SpendInput
from relmark_research.clv.prediction.customer_predictions import (
    ValueTerms,
    has_parameter_uncertainty,
    predict_customers,
)
from relmark_research.clv.prediction.spend_average import SpendAverage
from relmark_research.clv.validation.model_comparison import compare_models
from relmark_research.customer_tables._advice_columns import (
    ADVICE_COLUMNS,
    advice_columns,
    check_measured,
)
from relmark_research.errors import (
    DataError,
    ParameterError,
    RelmarkError,
    check_choice,
    check_level,
)
from relmark_research.ladder.history.ladder import LoyaltyLadder
from relmark_research.ladder.history.ladder_history import LadderHistory
from relmark_research.tables.export import Format, write_table
from relmark_research.tables.pseudonyms import pseudonyms
from relmark_research.tables.read_table import groups_by_customer
from relmark_research.units import Horizon, TimeUnit

if TYPE_CHECKING:
    from relmark_research.customers.log.customer_summary import CustomerSummary
    from relmark_research.customers.log.transactions import TransactionLog
    from relmark_research.economics.next_action.next_best_action import Recommendations

Ids = Literal["clear", "pseudonym"]

TEXT = ("customer_id", "segment", "rung", *ADVICE_COLUMNS)
COLUMNS = (
    "customer_id", "segment", "rung", "last_purchase", "purchases", "value_so_far", "p_alive",
    "expected_purchases", "purchases_low", "purchases_high", "expected_value", "value_low",
    "value_high", *ADVICE_COLUMNS,
)  # fmt: skip
_FORMATS: dict[str, Format] = {
    "p_alive": "share", "value_so_far": "money", "expected_value": "money", "value_low": "money",
    "value_high": "money", "purchases": "count", "expected_purchases": "decimal",
    "purchases_low": "count", "purchases_high": "count",
}  # fmt: skip
_SUFFIXES = (".parquet", ".csv", ".xlsx")
_MONTH, _WEEK = TimeUnit("month"), TimeUnit("week")


@dataclass(frozen=True, kw_only=True)
class CustomerTableOptions:
    """The terms of a table of customers.

    Parameters
    ----------
    level
        Probability of the prediction ranges, in (0, 1).
    margin
        Share of value in (0, 1], as in `lifetime_value`; None counts revenue.
    annual_discount_rate
        Effective rate per year, in [0, 1), of the expected value; 0 does not discount.
    ids
        ``"clear"``: the ids of the log. ``"pseudonym"``: their keyed hashes, see `relmark key`.
    measured
        By action of `recommend`, words on the experiment that measured its effect. Other actions
        are not advised, because their effects are assumed.
    """

    level: float = 0.95
    margin: Margin | None = None
    annual_discount_rate: float = 0.0
    ids: Ids = "clear"
    measured: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_level(self.level)
        check_choice("form of ids", self.ids, ("clear", "pseudonym"))
        check_measured(self.measured)


@dataclass(frozen=True, repr=False)
class CustomerTable:
    """One row per customer, and what the rows are about.

    Attributes
    ----------
    table
        The columns of `customer_table`, sorted by customer_id.
    horizon
        Time after the last day, for which purchases and value are expected.
    observed_until
        The last day of the log.
    level
        Probability of the prediction ranges.
    model
        Name of the model of purchases.
    ids
        ``"clear"`` or ``"pseudonym"``.
    notes
        What is missing and why, in sentences.
    """

    table: pd.DataFrame
    horizon: str
    observed_until: date
    level: float
    model: str
    ids: Ids = "clear"
    notes: tuple[str, ...] = ()

    def to(self, path: Path | str) -> int:
        """Write the table as a file, whose suffix decides, and return the number of escaped cells.

        Parameters
        ----------
        path
            ``.parquet``, ``.csv`` or ``.xlsx``, in an existing folder; an existing file is
            replaced. Parquet and Excel hold every id and text as it is, as text. CSV has no types,
            so a cell that begins with =, +, - or @ is prefixed with an apostrophe there: join on
            the Parquet file if ids begin so.

        Raises
        ------
        ParameterError
            The suffix is none of these.
        DataError
            The folder does not exist, or the table has more rows than a sheet holds.

        Examples
        --------
        >>> import tempfile
        >>> import relmark_research as rm
        >>> log = rm.load_cdnow()
        >>> fit = rm.BGNBD.fit(log.customer_summary())
        >>> found = rm.customer_table(log, purchases=fit)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     escaped = found.to(f"{folder}/customers.parquet")
        ...     pd.read_parquet(f"{folder}/customers.parquet").equals(found.table)
        True
        """
        target = Path(path)
        if target.suffix.lower() not in _SUFFIXES:
            raise ParameterError(
                f"expected a file that ends in {', '.join(_SUFFIXES)}; found {target.name!r}."
            )
        return write_table(self.table, target, formats=_FORMATS, exact=True)

    def to_parquet(self, path: Path | str) -> int:
        """Write a Parquet file; see `to`."""
        return self._as(".parquet", path)

    def to_csv(self, path: Path | str) -> int:
        """Write a CSV file (UTF-8, comma, header); see `to`."""
        return self._as(".csv", path)

    def to_excel(self, path: Path | str) -> int:
        """Write an Excel workbook; see `to`."""
        return self._as(".xlsx", path)

    def with_pseudonyms(self, *, key: str | None = None) -> CustomerTable:
        """Return the table with keyed hashes in place of ids, sorted by them.

        Parameters
        ----------
        key
            Secret key of the hash; None takes that of `relmark key`.

        Raises
        ------
        ParameterError
            There is no key.

        Examples
        --------
        >>> import relmark_research as rm
        >>> log = rm.load_cdnow()
        >>> fit = rm.BGNBD.fit(log.customer_summary())
        >>> rm.customer_table(log, purchases=fit).with_pseudonyms(key="a secret").ids
        'pseudonym'
        """
        if self.ids == "pseudonym":
            return self
        names = pseudonyms(self.table["customer_id"], key=key)
        table = self.table.assign(customer_id=pd.Series(names, dtype="str"))
        table = table.sort_values("customer_id", ignore_index=True)
        return replace(self, table=table, ids="pseudonym")

    def _as(self, suffix: str, path: Path | str) -> int:
        if Path(path).suffix.lower() != suffix:
            raise ParameterError(f"expected a file that ends in {suffix}; found {str(path)!r}.")
        return self.to(path)

    def _facts(self) -> dict[str, object]:
        return {
            "customers": len(self.table),
            "expected purchases": float(self.table["expected_purchases"].sum()),
            "horizon": self.horizon,
            "model": self.model,
            "ids": self.ids,
        }

    def __repr__(self) -> str:
        return one_line(type(self).__name__, self._facts())

    def _repr_html_(self) -> str:
        return html_table("Customers", self._facts())


def customer_table(
    log: TransactionLog,
    *,
    purchases: PurchaseInput | None = None,
    spend: SpendInput | SpendAverage | None = None,
    horizon: str | Horizon = "52 weeks",
    segments: pd.Series | pd.DataFrame | None = None,
    ladder: LoyaltyLadder | LadderHistory | pd.Series | None = None,
    advice: Recommendations | None = None,
    options: CustomerTableOptions = CustomerTableOptions(),
) -> CustomerTable:
    """Return one row per customer: segment, rung, P(alive), expected purchases, value, advice.

    Parameters
    ----------
    log
        The purchases.
    purchases
        Fit or model of purchases without parameters per customer or calendar. None chooses: the
        models are compared on the last third of the log, and the best is fitted to all of it.
    spend
        Fit, model or average of spend per purchase; None fits `GammaGamma`, where the log has
        money.
    horizon
        Finite time after the last day, such as ``"52 weeks"``.
    segments
        Segment by customer_id, or a table with the column segment such as that of `rfm_segments`.
    ladder
        A ladder, whose rules need no more than the log; its history; or the rung by customer_id.
    advice
        What `recommend` returned for this log.
    options
        Level, margin, discount rate, form of ids, and which effects were measured.

    Returns
    -------
    CustomerTable
        Its table has the columns customer_id, segment, rung, last_purchase, purchases,
        value_so_far, p_alive, expected_purchases, purchases_low, purchases_high, expected_value,
        value_low, value_high, advice, advice_verdict, advice_reason, advice_evidence, whatever was
        given; what is not known is missing. A verdict is ``"do"`` if the probability of a gain is
        .95 or more, ``"stop"`` if it is .05 or less, else ``"test"``.

    Raises
    ------
    ParameterError
        If the horizon is infinite, the model has parameters per customer or is on a calendar, or
        an argument is none of those above.
    DataError
        If a customer_id comes more than once in ``segments`` or ``ladder``, or nobody in them is a
        customer of the log.

    Examples
    --------
    >>> import relmark_research as rm
    >>> log = rm.load_cdnow()
    >>> fit = rm.BGNBD.fit(log.customer_summary())
    >>> found = rm.customer_table(log, purchases=fit, horizon="26 weeks")
    >>> found
    <CustomerTable: customers 2,357, expected purchases 1,043, horizon 26 weeks, model BGNBD, \
ids clear>
    >>> print(found.table[["customer_id", "purchases", "value_so_far"]].head(2).to_string())
      customer_id  purchases  value_so_far
    0       00004          4        100.50
    1       00018          1         14.96
    """
    summary = log.customer_summary(unit=_unit(purchases))
    notes: list[str] = []
    with _warnings_as_notes(notes):
        fit = _chosen(log, summary) if purchases is None else purchases
        value = _value_terms(log, summary, spend, options, notes)
        predicted = predict_customers(
            fit, summary, horizon=horizon, level=options.level, value=value
        )
    if not has_parameter_uncertainty(fit):
        reason = fit.no_interval if isinstance(fit, Fit) else "its parameters are given"
        notes.append(f"Prediction ranges hold chance only: {reason}.")
    ids = predicted.index
    known = _history(log, ids).join(predicted)
    known["segment"] = _labels(_segments(segments), ids, "segments", notes)
    known["rung"] = _labels(_rungs(ladder, log), ids, "ladder", notes)
    known = known.join(advice_columns(ids, advice, options.measured))
    model = fit.model if isinstance(fit, Fit) else fit
    found = CustomerTable(
        table=_arranged(known),
        horizon=str(Horizon.parse(horizon)),
        observed_until=log.observed_until,
        level=options.level,
        model=type(model).__name__,
        notes=tuple(notes),
    )
    return found.with_pseudonyms() if options.ids == "pseudonym" else found


def _unit(purchases: PurchaseInput | None) -> TimeUnit:
    """Return the unit of time of a fit, the week where it has none."""
    if not isinstance(purchases, Fit):
        return _WEEK
    if purchases.calendar is not None:
        raise ParameterError(
            "a table of customers needs a model in plain time; the fit is on a calendar. Fit the "
            "model to log.customer_summary() without a calendar."
        )
    return purchases.unit or _WEEK


def _chosen(log: TransactionLog, summary: CustomerSummary) -> Fit[Any]:
    """Return the model that predicts the last third of the log best, fitted to all of it."""
    return compare_models(log.split()).refit(summary).fit


def _value_terms(
    log: TransactionLog,
    summary: CustomerSummary,
    spend: SpendInput | SpendAverage | None,
    options: CustomerTableOptions,
    notes: list[str],
) -> ValueTerms | None:
    """Return the terms of value, or None, and note why."""
    if not log.has_value:
        if spend is not None or options.margin is not None:
            log.require_value("an expected value")
        notes.append("The log has no money, so there are no values.")
        return None
    try:
        given = GammaGamma.fit(summary) if spend is None else spend
    except RelmarkError as error:
        notes.append(f"Spend per purchase cannot be estimated, so there are no values: {error}")
        return None
    margin = 1.0 if options.margin is None else options.margin
    terms = ValueTerms(given, margin, options.annual_discount_rate)
    if terms.average.average == "median" and not isinstance(given, SpendAverage):
        notes.append("The mean spend does not exist; values use the median.")
    return terms


@contextmanager
def _warnings_as_notes(notes: list[str]) -> Iterator[None]:
    """Note what the package warns of, such as an interval that depends on a ratio alone."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for each in caught:
        if each.category is UserWarning:
            notes.append(str(each.message))
        else:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)


def _history(log: TransactionLog, ids: pd.Index) -> pd.DataFrame:
    """Return last_purchase, purchases and value_so_far of each customer."""
    days = log.customer_summary(unit="day").table
    totals = log.purchase_days.customer_totals().set_index("customer_id")
    since = np.rint((days["T"] - days["recency"]).to_numpy()).astype("timedelta64[D]")
    table = pd.DataFrame(
        {
            "last_purchase": np.datetime64(log.observed_until) - since,
            "purchases": days["frequency"].to_numpy() + 1,
        },
        index=days.index,
    )
    table["value_so_far"] = totals["value"].reindex(table.index) if "value" in totals else np.nan
    return table.reindex(ids)


def _segments(segments: pd.Series | pd.DataFrame | None) -> pd.Series | None:
    if isinstance(segments, pd.DataFrame):
        if "segment" not in segments:
            raise DataError(
                "segments: expected a column segment, as that of rfm_segments; found "
                f"{', '.join(map(str, segments.columns))}."
            )
        named = segments.set_index("customer_id") if "customer_id" in segments else segments
        return named["segment"]
    return segments


def _rungs(
    ladder: LoyaltyLadder | LadderHistory | pd.Series | None, log: TransactionLog
) -> pd.Series | None:
    if isinstance(ladder, LoyaltyLadder):
        ladder = ladder.assign(log)
    return ladder.current_rungs() if isinstance(ladder, LadderHistory) else ladder


def _labels(
    groups: pd.Series | None, ids: pd.Index, name: str, notes: list[str]
) -> np.ndarray | None:
    """Return each customer's label, None where there is none, and note how many have none."""
    if groups is None:
        return None
    if not isinstance(groups, pd.Series):
        raise ParameterError(
            f"{name}: expected a Series by customer_id; found {type(groups).__name__}."
        )
    found = groups_by_customer(groups).reindex(ids)
    missing = int(found.isna().sum())
    if missing == len(ids):
        raise DataError(
            f"{name}: expected customers of the log; none of its {len(groups):,} ids is one. Are "
            "they ids of another system, or pseudonyms?"
        )
    if missing:
        notes.append(f"{missing:,} of {len(ids):,} customers have no {name.removesuffix('s')}.")
    return found.astype(object).to_numpy()


def _arranged(known: pd.DataFrame) -> pd.DataFrame:
    """Return the columns in their order, with their types, sorted by id."""
    table = known.reset_index(drop=True).reindex(columns=list(COLUMNS))
    table["customer_id"] = known.index.astype(str).to_numpy()
    types: dict[str, str] = dict.fromkeys(COLUMNS, "float64") | dict.fromkeys(TEXT, "str")
    types |= {"last_purchase": "datetime64[us]", "purchases": "int64"}
    return table.astype(types).sort_values("customer_id", ignore_index=True)
