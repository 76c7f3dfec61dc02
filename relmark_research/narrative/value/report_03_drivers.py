"""The section of report 03 on covariates: what goes with more or with fewer purchases.

Nothing here was randomised as far as the report knows, so that it speaks of differences, not of
what brings them about.
"""

import re
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from relmark_research.clv.covariates.covariate_estimation import fit_covariates
from relmark_research.clv.covariates.covariate_fit import CovariateFit
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.families.mbg_nbd import MBGNBD
from relmark_research.customers.log.transactions import TransactionLog
from relmark_research.errors import ConvergenceError, DataError, ParameterError
from relmark_research.evidence import Claim, method
from relmark_research.formats import count, listing, number, share
from relmark_research.tables.read_table import open_table

QUESTION = "What goes with more or with fewer purchases?"
FORMATS = {"Times as many": "number", "From": "number", "To": "number"}
_KEYS = ("customer_id", "date")
_LARGE = 2.0  # times as many, from which a factor is said and no percentage


@dataclass(frozen=True)
class PurchaseDrivers:
    """A model of purchases with the covariates of a table.

    Attributes
    ----------
    fit
        The fit; None where there is none.
    table
        Index covariate; estimate, low, high (times as many purchases) and p_value.
    p_value
        Of the likelihood-ratio test of all covariates together.
    level
        Probability of the intervals.
    reason
        Why there is no fit, without a full stop; empty if there is one.
    """

    fit: CovariateFit | None
    table: pd.DataFrame
    p_value: float
    level: float
    reason: str

    @property
    def unidentified(self) -> list[str]:
        """Covariates whose effect the data do not identify."""
        return [] if self.fit is None else [_shown(name) for name in self.fit.unidentified]


def purchase_drivers(
    log: TransactionLog, covariates: Any, *, fit: Fit[Any], unit: str = "week", level: float = 0.95
) -> PurchaseDrivers:
    """Fit purchases with all columns of a table of covariates.

    Parameters
    ----------
    log
        The log.
    covariates
        A table "covariates", or where it is read from; None: there is none.
    fit
        The model of the report. Its family is used if its dropout happens at purchases (the others
        take minutes on a large log), otherwise MBG/NBD.
    unit
        Unit of the model's times.
    level
        Probability of the intervals, in (0, 1).
    """
    nothing = pd.DataFrame(columns=["estimate", "low", "high", "p_value"], dtype=float)
    if covariates is None:
        return PurchaseDrivers(None, nothing, np.nan, level, "there is no table of covariates")
    try:
        found = _fitted(log, open_table(covariates, "covariates"), fit, unit)
    except (DataError, ParameterError, ConvergenceError) as error:
        reason = f"the covariates cannot be used: {str(error).rstrip('.')}"
        return PurchaseDrivers(None, nothing, np.nan, level, reason)
    effects = found.effects(level).xs("rate")
    names = {f"relative{end}": new for end, new in
             (("", "estimate"), ("_low", "low"), ("_high", "high"))}  # fmt: skip
    table = pd.DataFrame(effects)[[*names, "p_value"]].rename(columns=names)
    table = table.dropna().astype(float)
    table.index = pd.Index([_shown(str(name)) for name in table.index], name="covariate")
    statistic = max(2 * (found.log_likelihood - found.plain_log_likelihood), 0.0)
    return PurchaseDrivers(found, table, _p_value(statistic, len(table)), level, "")


def _fitted(log: TransactionLog, frame: pd.DataFrame, fit: Fit[Any], unit: str) -> CovariateFit:
    columns = [name for name in frame.columns if name not in _KEYS]
    if not columns:
        raise DataError("the table has no column beside customer_id and date.")
    frame = frame.assign(**{name: _numbers(frame[name]) for name in columns})
    model = type(fit.model) if getattr(fit.model, "clocks", 0) == 1 else MBGNBD
    formula = " + ".join(f"`{name}`" for name in columns)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # said by the section
        if "date" in frame:
            return fit_covariates(model, log, rate=formula, covariates=frame, unit=unit)
        summary = log.customer_summary(unit=unit)
        return fit_covariates(
            model, summary, rate=formula, covariates=frame.set_index("customer_id")
        )


def _numbers(column: pd.Series) -> pd.Series:
    """Return a column of a text file as numbers, if all of its values are."""
    if column.dtype.kind in "biufM" or column.isna().any():
        return column
    read = pd.to_numeric(column, errors="coerce")
    return column if read.isna().any() else read


def _p_value(statistic: float, degrees: int) -> float:
    return float(special.chdtrc(degrees, statistic)) if degrees else 1.0


def _shown(term: str) -> str:
    """Return a term in words: the column, or the column and its group."""
    name = term.partition(": ")[2] or term
    return re.sub(r"\[T?\.?(.*)\]$", r" \1", name).replace("`", "")


def _clearest(table: pd.DataFrame) -> pd.Series:
    """Return the covariate whose interval is farthest from 1, for its length."""
    logs = np.log(table[["estimate", "low", "high"]].to_numpy(float))
    clear = np.abs(logs[:, 0]) / (logs[:, 2] - logs[:, 1])
    row: pd.Series = table.iloc[int(clear.argmax())]
    return row


def _difference(times: float) -> str:
    """Return a factor in words, such as "41% fewer" or "2.04 times as many"."""
    if times >= _LARGE:
        return f"{number(times)} times as many"
    return f"{share(times - 1)} more" if times >= 1 else f"{share(1 - times)} fewer"


def drivers_heading(found: PurchaseDrivers) -> Claim:
    """Return the heading: the covariate that goes most clearly with purchases."""
    best = _clearest(found.table)
    assert found.fit is not None
    return Claim(
        statement=f"{best.name} goes with {_difference(best['estimate'])} purchases",
        hint="No covariate is shown to go with more or with fewer purchases",
        design="observational",
        estimate=float(best["estimate"]),
        low=float(best["low"]),
        high=float(best["high"]),
        level=found.level,
        no_effect=1.0,
        rows=found.fit.n_customers,
        source="log, covariates",
    )


def drivers_paragraph(found: PurchaseDrivers) -> list[Claim]:
    """Return the sentences: each covariate, all together, what this is not, what is left out."""
    assert found.fit is not None
    claims = [method(f"Purchases by unit of a covariate, with {100 * found.level:g}% intervals:")]
    claims += [_sentence(row, found) for _, row in found.table.iterrows()]
    together = "fit the purchases better than none" if found.p_value < 1 - found.level else (
        "are not shown to fit the purchases better than none"
    )  # fmt: skip
    n, base = found.fit.n_customers, type(found.fit.base).__name__
    claims.append(
        Claim(
            statement=f"Together the covariates {together} (likelihood-ratio test, "
            f"p {_p_text(found.p_value)}; {base}, {count(n)} customers).",
            design="observational",
        )
    )
    claims.append(
        method(
            "Who had which value, and when, was not randomised as far as this report knows: other "
            "things may differ too. The forecasts above do not use the covariates."
        )
    )
    if found.unidentified:
        said = listing(found.unidentified)
        claims.append(method(f"Left out, since these data do not identify them: {said}."))
    return claims


def _sentence(row: pd.Series, found: PurchaseDrivers) -> Claim:
    ends = f"{number(row['low'])} to {number(row['high'])} times as many"
    return Claim(
        statement=f"{row.name}: {_difference(row['estimate'])} purchases ({ends}).",
        hint=f"{row.name}: no difference is shown ({ends}).",
        design="observational",
        estimate=float(row["estimate"]),
        low=float(row["low"]),
        high=float(row["high"]),
        level=found.level,
        no_effect=1.0,
    )


def _p_text(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3f}"


def drivers_table(found: PurchaseDrivers) -> pd.DataFrame:
    """Return the table of the section."""
    names = {"estimate": "Times as many", "low": "From", "high": "To", "p_value": "p-value"}
    table = found.table.assign(p_value=found.table["p_value"].map(_p_text))
    return table.rename(columns=names).rename_axis("Covariate")
