"""Drivers of moves: which customers climb, stay or fall, other things being equal.

A multinomial logit explains the destination of the departures from one rung; the reference is
staying. The odds ratio of a driver multiplies p(destination)/p(staying). A customer contributes
several departures, so standard errors are clustered by customer.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from relmark_research._repr import html_table
from relmark_research.errors import DataError, LadderError, check_choice, check_level, unknown_name
from relmark_research.ladder.history._period_numbers import is_calendar
from relmark_research.stats.intervals import normal_quantile
from relmark_research.tables.given_tables import frame_in_memory
from relmark_research.tables.read_table import read_columns, read_values
from relmark_research.tables.schemas import Column, ColumnType

if TYPE_CHECKING:
    from relmark_research.ladder.history.ladder_history import LadderHistory

MIN_MOVES = 10  # to a destination; rarer ones are pooled with other moves of their direction
Outcome = Literal["direction", "destination"]


@dataclass(frozen=True)
class Drivers:
    """A multinomial logit of moves.

    Attributes
    ----------
    table
        move (climb, fall, or a destination), driver, odds_ratio, low, high, p_value, log_odds,
        standard_error (clustered by customer).
    departures, customers
        Numbers of rows and of clusters.
    reference
        Reference category of the moves and of each categorical driver.
    log_likelihood
        Maximum of the log-likelihood.
    notes
        Notes on destinations that were pooled and departures that were left out.
    """

    table: pd.DataFrame
    departures: int
    customers: int
    reference: dict[str, str]
    log_likelihood: float
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<{self._title()}; {len(self.table)} odds ratios>"

    def _repr_html_(self) -> str:
        rows: list[tuple[object, ...]] = [("move, driver", "odds ratio", "low", "high")]
        rows += [
            (f"{row['move']}, {row['driver']}", row["odds_ratio"], row["low"], row["high"])
            for row in self.table.head(8).to_dict("records")
        ]
        return html_table(self._title(), rows)

    def _title(self) -> str:
        return f"Drivers: {self.departures:,} departures of {self.customers:,} customers"


def moves_table(history: LadderHistory, time_varying: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return every departure with the customer's attributes at that time.

    Parameters
    ----------
    history
        With a table of customers if its columns are to be drivers.
    time_varying
        customer_id, date and covariates that change with time: for each departure the last value
        on or before the last day of its period.

    Returns
    -------
    DataFrame
        customer_id, period, origin, destination, move (stay, climb or fall), tenure (periods since
        the customer was first seen), and the columns of both tables.
    """
    rows = history.source.person_periods()
    follows = (rows["customer_id"] == rows["customer_id"].shift(-1)) & (
        rows["period"] + 1 == rows["period"].shift(-1)
    )
    to = rows["state"].shift(-1)[follows].to_numpy(int)
    table = rows[follows].reset_index(drop=True)
    origin, states = table["state"].to_numpy(int), np.array(history.states, object)
    change = np.sign(history.rank[to] - history.rank[origin])
    table = table.drop(columns="state").assign(
        origin=states[origin],
        destination=states[to],
        move=np.array(["fall", "stay", "climb"], object)[change + 1],
        tenure=table["period"] - table.groupby("customer_id")["period"].transform("min"),
    )
    if history.customer_attributes is not None:
        customers = history.customer_attributes
        table = table.merge(customers, on="customer_id", how="left", validate="m:1")
    if time_varying is None:
        return table
    return _with_time_varying(table, time_varying, history)


def _with_time_varying(
    table: pd.DataFrame, covariates: pd.DataFrame, history: LadderHistory
) -> pd.DataFrame:
    covariates = frame_in_memory(covariates, "time_varying")
    for column in ("customer_id", "date"):
        if column not in covariates.columns:
            problem = unknown_name("column", column, covariates.columns)
            raise DataError(f"time_varying: {problem}")
    period = history.period
    if period is None or not is_calendar(history.first_period, period):
        raise LadderError(
            "covariates with dates need a history of calendar periods, such as that of "
            "LoyaltyLadder.assign."
        )
    calendar = {n: period.start(n + 1) for n in table["period"].unique()}
    dated = table.assign(date=pd.to_datetime(table["period"].map(calendar)))
    days = read_values(covariates["date"], Column("date", "date", "a day", required=True))
    days = days.astype(dated["date"].dtype)  # in the same unit
    ids = read_values(covariates["customer_id"], Column("customer_id", "id", "the customer"))
    texts = [
        name
        for name in covariates.columns.difference(["customer_id", "date"])
        if not _is_numeric(covariates[name])
    ]
    covariates = read_columns(
        covariates, {}, name="time_varying", optional=dict.fromkeys(texts, "text")
    )
    covariates = covariates.assign(customer_id=ids)
    known = covariates.assign(date=days).sort_values("date", kind="stable")
    merged = pd.merge_asof(
        dated.sort_values("date", kind="stable"), known, on="date", by="customer_id",
        allow_exact_matches=False,
    )  # fmt: skip
    return merged.drop(columns="date").sort_values(["customer_id", "period"], ignore_index=True)


def read_moves(moves: pd.DataFrame, drivers: Sequence[str]) -> pd.DataFrame:
    """Return moves with text, ids and the drivers' numbers read by the rules of every table."""
    named: dict[str, ColumnType] = {
        "customer_id": "id",
        "origin": "text",
        "destination": "text",
        "move": "text",
    }
    for name in drivers:
        if not pd.api.types.is_bool_dtype(moves[name]):
            named[name] = "number" if _is_numeric(moves[name]) else "text"
    return read_columns(moves, {}, name="moves", optional=named)


def _is_numeric(values: pd.Series) -> bool:
    """Whether a column holds numbers, also as objects."""
    kinds = ("integer", "floating", "decimal", "mixed-integer-float", "boolean")
    return values.dtype.kind in "biuf" or pd.api.types.infer_dtype(values, skipna=True) in kinds


def move_drivers(
    moves: pd.DataFrame,
    drivers: Sequence[str],
    *,
    rung: str | None = None,
    outcome: Outcome = "direction",
    level: float = 0.95,
) -> Drivers:
    """Fit a multinomial logit of the moves from a rung, or from all rungs.

    Parameters
    ----------
    moves
        As `moves_table` returns it.
    drivers
        Columns: numbers enter as they are, text as an indicator per value but the most frequent.
    rung
        Only departures from this rung; None takes all and controls for the rung.
    outcome
        ``"direction"``: climb and fall against staying. ``"destination"``: each destination with
        at least ten moves against staying; rarer ones are pooled by direction.
    level
        Probability of each interval.

    Returns
    -------
    Drivers
        Odds ratios exp(b) with exp(b -+ z se), se from the sandwich over customers.

    Raises
    ------
    DataError
        If a driver is not a column, is missing everywhere, or does not vary.
    LadderError
        If no move was observed, or a driver separates the moves completely.

    References
    ----------
    McFadden 1974, "Conditional logit analysis of qualitative choice behavior". Liang and Zeger
    1986, Biometrika 73 (the sandwich over clusters).
    """
    check_level(level)
    check_choice("outcome", outcome, ("direction", "destination"))
    moves = frame_in_memory(moves, "moves")
    for name in drivers:
        if name not in moves.columns:
            raise DataError(f"drivers: {unknown_name('column', name, moves.columns)}")
    moves = read_moves(moves, drivers)
    rows = moves if rung is None else moves[moves["origin"] == rung]
    if rung is not None and rows.empty:
        raise LadderError(unknown_name("rung with departures", rung, moves["origin"].unique()))
    rows, notes = _complete(rows, drivers)
    if rung is None:
        rows, left_out = _with_both_directions(rows)
        notes = (*notes, *left_out)
    y, pooled = _outcomes(rows, outcome)
    columns = [*drivers, *(["origin"] if rung is None else [])]
    X, reference = _design(rows, columns)
    return _fit(rows, y, X, reference, level, (*notes, *pooled))


def _complete(rows: pd.DataFrame, drivers: Sequence[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    known = rows[list(drivers)].notna().all(axis=1)
    if not known.any():
        raise DataError(f"no departure has all of the drivers {', '.join(drivers)}.")
    left = int((~known).sum())
    note = f"{left:,} departures with a missing driver are left out"
    return rows[known], (note,) if left else ()


def _with_both_directions(rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Keep rungs with both climbs and falls; the others have no finite odds ratio."""
    counts = rows.pivot_table(index="origin", columns="move", values="period", aggfunc="count")
    both = counts.reindex(columns=["climb", "fall"]).notna().all(axis=1)
    left = [str(name) for name in both.index[~both]]
    where = ", ".join(left)
    note = f"departures from {where} are left out: no climb or no fall was observed there"
    return rows[rows["origin"].map(both).astype(bool)], (note,) if left else ()


def _outcomes(rows: pd.DataFrame, outcome: Outcome) -> tuple[pd.Series, tuple[str, ...]]:
    if outcome == "direction":
        return rows["move"], ()
    stays = rows["move"] == "stay"
    frequent = rows["destination"].map(rows.loc[~stays, "destination"].value_counts()) >= MIN_MOVES
    named = rows["destination"].where(frequent, "other " + rows["move"]).where(~stays, "stay")
    rare = sorted(named[named.str.startswith("other ")].unique())
    notes = tuple(f"destinations with under {MIN_MOVES} moves are pooled as {r!r}" for r in rare)
    return named, notes


def _design(rows: pd.DataFrame, drivers: Sequence[str]) -> tuple[pd.DataFrame, dict[str, str]]:
    parts, reference = [pd.Series(1.0, rows.index, name="constant")], {}
    for name in drivers:
        column = rows[name]
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            parts.append(column.astype(float))
            continue
        values = column.astype(str).value_counts()
        if len(values) > 30:
            raise DataError(
                f"driver {name!r} has {len(values)} different values; text needs 30 or fewer."
            )
        reference[name] = str(values.index[0])
        parts += [(column.astype(str) == value).astype(float).rename(f"{name}: {value}")
                  for value in values.index[1:]]  # fmt: skip
    X = pd.concat(parts, axis=1)
    constant = [str(name) for name in X.columns[1:] if X[name].nunique() < 2]
    if constant or X.shape[1] < 2:
        raise DataError(f"a driver must vary; {', '.join(constant) or 'none of them'} does not.")
    return X, reference


def _fit(
    rows: pd.DataFrame,
    y: pd.Series,
    X: pd.DataFrame,
    reference: dict[str, str],
    level: float,
    notes: tuple[str, ...],
) -> Drivers:
    from statsmodels.discrete.discrete_model import MNLogit

    names = [name for name in sorted(y.unique()) if name != "stay"]
    if not names or not (y == "stay").any():
        raise LadderError(
            "a model of moves needs departures that stay and departures that move; found "
            f"{y.value_counts().to_dict()}."
        )
    codes = y.map({name: k for k, name in enumerate(["stay", *names])})
    scale = X.abs().max().clip(lower=1.0)
    groups = pd.factorize(rows["customer_id"])[0]
    with warnings.catch_warnings():  # what it warns of raises below
        warnings.simplefilter("ignore")
        found = MNLogit(codes.to_numpy(), (X / scale).to_numpy()).fit(
            method="newton", maxiter=100, disp=False,
            cov_type="cluster", cov_kwds={"groups": groups},
        )  # fmt: skip
        b, se = (np.asarray(part) for part in (found.params, found.bse))
        naive = np.sqrt(np.abs(np.diag(found.normalized_cov_params)))
    if not found.mle_retvals["converged"] or not np.isfinite(se).all() or naive.max() > 50:
        driver, move = divmod(int(np.argmax(np.abs(b[1:]))), b.shape[1])
        raise LadderError(
            f"the drivers separate some moves completely, first {X.columns[driver + 1]!r} for the "
            f"move {names[move]!r}: no finite odds ratio exists. Leave that driver out, or pool "
            "rare values."
        )
    b, se = b / scale.to_numpy()[:, None], se.reshape(b.shape) / scale.to_numpy()[:, None]
    table = _odds_ratios(names, list(X.columns), b, se, level)
    reference = {"move": "stay", **reference}
    customers = int(groups.max()) + 1
    return Drivers(table, len(rows), customers, reference, float(found.llf), notes)


def _odds_ratios(
    names: list[str], columns: list[str], b: np.ndarray, se: np.ndarray, level: float
) -> pd.DataFrame:
    from scipy import stats

    z = normal_quantile(level)
    table = pd.DataFrame(
        {
            "move": np.repeat(names, len(columns)),
            "driver": np.tile(columns, len(names)),
            "odds_ratio": np.exp(b.T.ravel()),
            "low": np.exp((b - z * se).T.ravel()),
            "high": np.exp((b + z * se).T.ravel()),
            "p_value": 2 * stats.norm.sf(np.abs(b / se).T.ravel()),
            "log_odds": b.T.ravel(),
            "standard_error": se.T.ravel(),
        }
    )
    return table[table["driver"] != "constant"].reset_index(drop=True)
