"""Effects of relationship levels on retention and annual margin: estimated, or assumed.

For an account year of a customer in segment s at level l,

    retention       logit P(renewed) = a_s + b_l        (binomial regression)
    annual margin   log E[margin]    = g_s + h_l        (regression with log link and standard
                                                         deviation proportional to the mean)

with b and h of the first level 0. A customer's years are dependent, so standard errors are
clustered by customer. The cost per year is the mean over the account years of a segment and level.

Estimates are causal only if levels were assigned at random within segments; `level_balance` tests
whether they look so.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from relmark_research._repr import html_table
from relmark_research.economics.levels_of_relationship.account_years import SEGMENTS, YEARS
from relmark_research.economics.levels_of_relationship.relationship_level import (
    RelationshipLevel,
    checked_levels,
    level_names,
)
from relmark_research.errors import (
    ConvergenceError,
    DataError,
    ParameterError,
    check_choice,
    unknown_name,
)
from relmark_research.stats.intervals import normal_quantile
from relmark_research.tables.read_table import read_columns

Array = np.ndarray

_COLUMNS = (
    *("customer_id", "segment", "relationship_level"),
    *("complete", "retained", "annual_margin", "cost"),
)
_MIN_PAIRS = 30  # account years with a previous one, below which balance is not tested
_MIN_EACH = 2  # renewals and losses that each level and segment needs


@dataclass(frozen=True)
class Coefficients:
    """Coefficients of the segments, then of the levels beyond the first, with their covariance."""

    values: Array
    covariance: Array

    def draws(self, n: int, rng: np.random.Generator) -> Array:
        """Return n draws, shape (n, coefficients); unknown coefficients stay NaN."""
        known = np.isfinite(self.values)
        drawn = np.full((n, len(self.values)), np.nan)
        inside = self.covariance[np.ix_(known, known)]
        drawn[:, known] = rng.multivariate_normal(self.values[known], inside, n, method="eigh")
        return drawn


@dataclass(frozen=True)
class LevelEffects:
    """Retention, annual margin and cost of every level in every segment, with their uncertainty.

    Attributes
    ----------
    segments, levels
        Names, in the order of all arrays.
    customers
        Number of customers per segment.
    current_customers
        Customers at each level in their latest account year, shape (segments, levels); None if
        unknown.
    retention, annual_margin
        `Coefficients` on the scales of logit and log.
    cost, cost_se
        Money per customer and year, shape (segments, levels).
    n_account_years
        Account years behind the estimates; 0 for assumed effects.
    """

    segments: tuple[str, ...]
    levels: tuple[str, ...]
    customers: Array
    current_customers: Array | None
    retention: Coefficients
    annual_margin: Coefficients
    cost: Array
    cost_se: Array
    n_account_years: int

    def linear_predictor(self, coefficients: Array) -> Array:
        """Return a_s + b_l from coefficients, shape (..., segments, levels)."""
        s = len(self.segments)
        effect = np.concatenate(
            [np.zeros((*coefficients.shape[:-1], 1)), coefficients[..., s:]], axis=-1
        )
        return coefficients[..., :s, None] + effect[..., None, :]

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Return each level's effects against the first, with intervals.

        Returns
        -------
        DataFrame
            Index relationship_level, without the first. retention (log-odds) and annual_margin
            (ratio - 1, a share), each with _low and _high.
        """
        z, s = normal_quantile(level), len(self.segments)
        columns: dict[str, Array] = {}
        for name in ("retention", "annual_margin"):
            found: Coefficients = getattr(self, name)
            value, se = found.values[s:], np.sqrt(np.diag(found.covariance)[s:])
            bounds = {"": value, "_low": value - z * se, "_high": value + z * se}
            for end, at in bounds.items():
                columns[f"{name}{end}"] = np.expm1(at) if name == "annual_margin" else at
        return pd.DataFrame(columns, index=pd.Index(self.levels[1:], name="relationship_level"))

    def __repr__(self) -> str:
        return f"<{self._title()}; levels {', '.join(self.levels)}>"

    def _repr_html_(self) -> str:
        rows: list[tuple[object, ...]] = [("level", "retention (log-odds)", "annual margin")]
        rows += [
            (name, row["retention"], f"{row['annual_margin']:+.1%}")
            for name, row in self.table().iterrows()
        ]
        return html_table(f"{self._title()}, against {self.levels[0]}", rows)

    def _title(self) -> str:
        source = f"{self.n_account_years:,} account years" if self.n_account_years else "assumed"
        return f"LevelEffects: {len(self.segments)} segments, {source}"


def level_effects(
    years: pd.DataFrame, *, levels: Sequence[RelationshipLevel] | None = None
) -> LevelEffects:
    """Estimate the effects of levels from account years whose level was assigned at random.

    Levels must have been assigned at random within a segment; if the best customers got the best
    service, the estimates attribute the customers' own differences to the service.

    Parameters
    ----------
    years
        customer_id, segment, relationship_level, complete, retained (0 or 1), annual_margin and
        cost (money per account year), as `account_years` makes them. Effects use complete years
        only.
    levels
        From the lightest to the deepest; by default the textbook's five or, where there are others,
        all that occur by their mean cost. Levels that do not occur are left out.

    Returns
    -------
    LevelEffects

    Raises
    ------
    DataError
        If a segment or level is missing, a level beyond the first costs nothing, or a segment has
        no positive margin.
    ConvergenceError
        If a regression does not converge because a cell is nearly empty.

    Examples
    --------
    >>> import relmark_research as rm
    >>> log = rm.read_transactions("dataset:sample", cost="cost")
    >>> years = rm.economics.account_years(log, contacts=rm.load_sample("contacts"),
    ...                          customers=rm.load_sample("customers"))
    >>> rm.economics.level_effects(years).table()["retention"].round(2).to_dict()
    {'reactive': 0.01, 'accountable': 0.19, 'proactive': 0.6, 'partnership': 1.02}
    """
    years = read_columns(years, {}, name="years", optional=YEARS)
    order = None if levels is None else tuple(level.name for level in levels)
    _check_years(years, order)
    order = order or _usual_order(years)
    names = tuple(name for name in order if (years["relationship_level"] == name).any())
    segments = tuple(years["segment"].value_counts().index.astype(str))
    complete = years[years["complete"].astype(bool)]
    _check_cells(complete, segments, names)
    design = _design(complete, segments, names)
    cost, cost_se = _costs(complete, segments, names)
    running = years[~years["complete"].astype(bool)]
    current = pd.crosstab(running["segment"], running["relationship_level"])
    current = current.reindex(index=segments, columns=names, fill_value=0)
    return LevelEffects(
        segments=segments,
        levels=names,
        customers=current.sum(axis="columns").to_numpy(),
        current_customers=current.to_numpy(),
        retention=_retention(complete, design),
        annual_margin=_annual_margin(complete, design, len(segments)),
        cost=cost,
        cost_se=cost_se,
        n_account_years=len(complete),
    )


def assumed_effects(segments: pd.DataFrame, levels: Sequence[RelationshipLevel]) -> LevelEffects:
    """Return assumed effects and costs, for use without account years.

    Parameters
    ----------
    segments
        segment, customers, retention (rate per year, in (0, 1)) and annual_margin (money per
        customer), both at the first level; optionally their standard errors retention_se and
        annual_margin_se.
    levels
        With a cost each; an unknown effect makes the value of its level unknown, so that only the
        break-even effect can be computed.

    Examples
    --------
    >>> segments = pd.DataFrame({"segment": ["homes"], "customers": [900], "retention": [0.6],
    ...                          "annual_margin": [40.0]})
    >>> levels = [RelationshipLevel("basic", cost=1.0), RelationshipLevel("reactive", cost=4.0)]
    >>> assumed_effects(segments, levels)
    <LevelEffects: 1 segments, assumed; levels basic, reactive>
    """
    levels = checked_levels(levels)
    segments = read_columns(segments, {}, name="segments", optional=SEGMENTS)
    _check_segments(segments)
    names = tuple(segments["segment"].astype(str))
    cost = np.array([[level.cost_in(name) for level in levels] for name in names])
    if np.isnan(cost).any():
        s, number = np.argwhere(np.isnan(cost))[0]
        raise DataError(
            f"every level needs its cost per customer and year; {levels[number].name!r} has none "
            f"in segment {names[s]!r}. Give RelationshipLevel(..., cost=...)."
        )
    rate, money = segments["retention"].to_numpy(float), segments["annual_margin"].to_numpy(float)
    rate_se, money_se = (
        segments.get(name, pd.Series(0.0, segments.index)).to_numpy(float)
        for name in ("retention_se", "annual_margin_se")
    )
    logit, logit_se = special.logit(rate), rate_se / (rate * (1 - rate))
    return LevelEffects(
        segments=names,
        levels=tuple(level.name for level in levels),
        customers=segments["customers"].to_numpy(float),
        current_customers=None,
        retention=_assumed(logit, logit_se, levels, "retention"),
        annual_margin=_assumed(np.log(money), money_se / money, levels, "annual_margin"),
        cost=cost,
        cost_se=np.zeros_like(cost),
        n_account_years=0,
    )


def level_balance(years: pd.DataFrame) -> tuple[float, int]:
    """Test random assignment of levels: do they depend on the margin of the year before?

    Within segments, the rank of a customer's margin in the previous account year is regressed on
    the level of this one; under random assignment all coefficients of levels are 0.

    Parameters
    ----------
    years
        customer_id, segment, year, relationship_level and annual_margin, as `account_years` makes
        them.

    Returns
    -------
    (float, int)
        p-value of the joint test of all levels (Wald, clustered by customer), NaN with fewer than
        30 account years that follow another, and the number of these.

    Examples
    --------
    >>> import relmark_research as rm
    >>> log = rm.read_transactions("dataset:sample", cost="cost")
    >>> years = rm.economics.account_years(log, contacts=rm.load_sample("contacts"),
    ...                          customers=rm.load_sample("customers"))
    >>> p, n = level_balance(years)
    >>> p > 0.05, n
    (True, 1425)
    """
    import statsmodels.api as sm

    needed = ("customer_id", "segment", "year", "relationship_level", "annual_margin")
    years = read_columns(years, {name: YEARS[name] for name in needed}, name="years")
    before = years[["customer_id", "year", "annual_margin"]].assign(year=years["year"] + 1)
    pairs = years.drop(columns="annual_margin").merge(before, on=["customer_id", "year"])
    present = pd.factorize(pairs["relationship_level"])[1]
    if len(pairs) < _MIN_PAIRS or len(present) < 2:
        return float("nan"), len(pairs)
    rank = pairs.groupby("segment")["annual_margin"].rank(pct=True).to_numpy()
    design = _design(pairs, tuple(pairs["segment"].unique()), tuple(present))
    found = sm.OLS(rank, design).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(pairs["customer_id"])[0]}
    )
    levels = np.eye(design.shape[1])[-(len(present) - 1) :]
    return float(found.wald_test(levels, scalar=True).pvalue), len(pairs)


def _assumed(
    base: Array, base_se: Array, levels: Sequence[RelationshipLevel], outcome: str
) -> Coefficients:
    effects = [getattr(level, outcome) for level in levels[1:]]
    values = [np.nan if effect is None else effect.effect for effect in effects]
    sds = [np.nan if effect is None else effect.sd for effect in effects]
    se = np.concatenate([base_se, sds])
    return Coefficients(np.concatenate([base, values]), np.diag(se**2))


def _check_segments(segments: pd.DataFrame) -> None:
    for name in ("segment", "customers", "retention", "annual_margin"):
        if name not in segments.columns:
            raise DataError(
                "segments need the columns segment, customers, retention and annual_margin; "
                f"{unknown_name('column', name, segments.columns)}"
            )
    if segments["segment"].isna().any():
        raise DataError(
            f"every segment must have a name; {int(segments['segment'].isna().sum())} have none."
        )
    inside = segments["retention"].between(0, 1, inclusive="neither")
    for name, valid, rule in (
        ("retention", inside, "a rate in (0, 1)"),
        ("annual_margin", segments["annual_margin"] > 0, "money above 0"),
        ("customers", segments["customers"] > 0, "a number above 0"),
    ):
        if not valid.all():
            bad = segments.loc[~valid].iloc[0]
            raise ParameterError(
                f"{name} of segment {bad['segment']!r} must be {rule}; found {bad[name]!r}."
            )


def _usual_order(years: pd.DataFrame) -> tuple[str, ...]:
    """Return the textbook's levels, or those that occur by their mean cost."""
    means = years.groupby("relationship_level")["cost"].mean().sort_values(kind="stable")
    found = tuple(means.index.astype(str))
    lower = pd.Series(found).str.lower()
    if lower.duplicated().any():
        twice = ", ".join(sorted(pd.Series(found)[lower.duplicated(keep=False)]))
        raise DataError(f"every level must be written in one way; found {twice}. Write them alike.")
    return level_names() if set(found) <= set(level_names()) else found


def _check_years(years: pd.DataFrame, order: tuple[str, ...] | None) -> None:
    for name in _COLUMNS:
        if name not in years.columns:
            raise DataError(
                f"account years: {unknown_name('column', name, years.columns)} "
                "Make them with account_years(log, ...)."
            )
    for name in ("segment", "relationship_level"):
        if years[name].isna().any():
            raise DataError(
                f"every account year must have a {name}; {int(years[name].isna().sum()):,} of "
                f"{len(years):,} have none. Give them one, such as 'unknown'."
            )
    if (years["cost"] < 0).any():
        raise DataError(
            f"costs must be 0 or more; {int((years['cost'] < 0).sum()):,} account years are below."
        )
    if order is not None:
        for name in years["relationship_level"].unique():
            check_choice("level", name, order)


def _check_cells(complete: pd.DataFrame, segments: tuple[str, ...], names: tuple[str, ...]) -> None:
    if len(names) < 2:
        raise DataError(
            f"effects compare levels; found {len(names)} in {len(complete):,} complete account "
            "years. Serve a random part of the customers at another level for a year."
        )
    for column, required in (("relationship_level", names), ("segment", segments)):
        counts = complete.groupby(column)["retained"].agg(["size", "sum"])
        counts = counts.reindex(required, fill_value=0)
        thin = counts[(counts["sum"] < _MIN_EACH) | (counts["size"] - counts["sum"] < _MIN_EACH)]
        if len(thin):
            raise DataError(
                f"each {column} needs {_MIN_EACH} complete account years that were renewed and "
                f"{_MIN_EACH} that were not; {thin.index[0]!r} has {int(thin['sum'].iloc[0])} of "
                f"{int(thin['size'].iloc[0])} renewed. Observe longer, or merge it with another."
            )
    earned = complete.groupby("segment")["annual_margin"].sum().reindex(segments)
    if (earned <= 0).any():
        raise DataError(
            f"effects on margin are ratios; segment {earned.idxmin()!r} has a margin of "
            f"{earned.min():,.2f} in all its account years. Leave it out, or check its prices."
        )


def _design(complete: pd.DataFrame, segments: tuple[str, ...], names: tuple[str, ...]) -> Array:
    columns = [complete["segment"] == segment for segment in segments]
    columns += [complete["relationship_level"] == name for name in names[1:]]
    return np.column_stack(columns).astype(float)


def _costs(
    complete: pd.DataFrame, segments: tuple[str, ...], names: tuple[str, ...]
) -> tuple[Array, Array]:
    cells = complete.groupby(["segment", "relationship_level"])["cost"].agg(["mean", "sem", "size"])
    table = cells.reindex(pd.MultiIndex.from_product([segments, names]))
    mean = table["mean"].to_numpy().reshape(len(segments), len(names))
    free = np.argwhere(mean[:, 1:] == 0)
    if len(free):
        raise DataError(
            f"level {names[1 + free[0][1]]!r} costs nothing in segment {segments[free[0][0]]!r}, "
            f"yet it does more than {names[0]!r}, so it would be best for every customer. Record "
            "the cost of its contacts."
        )
    return mean, table["sem"].fillna(0.0).to_numpy().reshape(mean.shape)


def _retention(complete: pd.DataFrame, design: Array) -> Coefficients:
    import statsmodels.api as sm

    return _fit(complete["retained"].to_numpy(float), design, sm.families.Binomial(), complete)


def _annual_margin(complete: pd.DataFrame, design: Array, segments: int) -> Coefficients:
    """Regress margin with a log link; losses and zeros are included (quasi-likelihood)."""
    import statsmodels.api as sm

    money = complete["annual_margin"].to_numpy(float)
    in_segment = design[:, :segments]
    start = np.log(in_segment.T @ money / in_segment.sum(axis=0))
    start = np.concatenate([start, np.zeros(design.shape[1] - segments)])
    family = sm.families.Gamma(sm.families.links.Log())
    return _fit(money, design, family, complete, start=start)


def _fit(
    outcome: Array, design: Array, family: Any, rows: pd.DataFrame, *, start: Array | None = None
) -> Coefficients:
    import statsmodels.api as sm

    customers = pd.factorize(rows["customer_id"])[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zeros and losses under Gamma's likelihood, not used
        found = sm.GLM(outcome, design, family=family).fit(
            start_params=start, tol_criterion="params", maxiter=200,
            cov_type="cluster", cov_kwds={"groups": customers},
        )  # fmt: skip
    values, covariance = np.asarray(found.params), np.asarray(found.cov_params())
    if not found.converged or not np.isfinite(values).all() or np.abs(values).max() > 30:
        raise ConvergenceError(
            f"the regression on {len(rows):,} account years did not converge: a segment or level "
            "is nearly empty. Merge small segments, or leave rare levels out."
        )
    return Coefficients(values, covariance)
