"""What each level does to retention and margin, estimated where levels were assigned at random.

For an account year of a customer in segment s at level l,

    retention   logit P(renewed) = a_s + b_l                (binomial regression)
    margin      log E[margin]    = g_s + h_l                (regression with log link and spread
                                                             in proportion to the mean)

with b and h of the first level 0. A customer's years go together, so standard errors are clustered
by customer. Cost per year is the mean over the account years of a segment and level.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from relmark_research.economics.effect_sizes import Estimates, LevelEffects
from relmark_research.economics.levels import MarketingLevel, check_level_names, read_levels
from relmark_research.errors import ConvergenceError, DataError, unknown_name

Array = np.ndarray

_PAIRS = 30  # account years with one before, from which a test is worth doing

_COLUMNS = ("customer_id", "segment", "level", "complete", "retained", "margin", "cost")


def level_effects(
    years: pd.DataFrame, *, levels: Sequence[MarketingLevel] | None = None
) -> LevelEffects:
    """Estimate what levels do, from account years whose level was drawn at random.

    Within a segment, who got which level must have been left to chance; where the best customers
    got the best service, the estimates credit the service with the customers.

    Parameters
    ----------
    years
        customer_id, segment, level, complete, retained (0 or 1), margin and cost (money per account
        year), as `account_years` makes them. Only complete years are used for effects.
    levels
        From the lightest to the deepest; by default the textbook's five. Levels that never occur
        are left out.

    Returns
    -------
    LevelEffects

    Raises
    ------
    DataError
        Where a segment or level is missing, a level beyond the first costs nothing, or a segment
        earns nothing.
    ConvergenceError
        Where a cell is so empty that a regression finds no end.

    Examples
    --------
    >>> import relmark_research as rm
    >>> log = rm.read_transactions("dataset:sample", cost="cost")
    >>> years = rm.economics.account_years(log, contacts=rm.load_sample("contacts"),
    ...                          customers=rm.load_sample("customers"))
    >>> rm.economics.level_effects(years).table()["retention"].round(2).to_dict()
    {'reactive': 0.01, 'accountable': 0.19, 'proactive': 0.6, 'partnership': 1.02}
    """
    order = [level.name for level in (read_levels() if levels is None else levels)]
    _check_years(years, order)
    names = tuple(name for name in order if (years["level"] == name).any())
    segments = tuple(years["segment"].value_counts().index.astype(str))
    whole = years[years["complete"].astype(bool)]
    _check_cells(whole, segments, names)
    design = _design(whole, segments, names)
    cost, cost_se = _costs(whole, segments, names)
    running = years[~years["complete"].astype(bool)]
    now = pd.crosstab(running["segment"], running["level"])
    now = now.reindex(index=segments, columns=names, fill_value=0)
    return LevelEffects(
        segments=segments,
        levels=names,
        customers=now.sum(axis="columns").to_numpy(),
        now=now.to_numpy(),
        retention=_retention(whole, design),
        margin=_margin(whole, design, len(segments)),
        cost=cost,
        cost_se=cost_se,
        years=len(whole),
    )


def _check_years(years: pd.DataFrame, order: list[str]) -> None:
    for name in _COLUMNS:
        if name not in years.columns:
            raise DataError(
                f"account years: {unknown_name('column', name, years.columns)} "
                "Make them with account_years(log, ...)."
            )
    for name in ("segment", "level"):
        if years[name].isna().any():
            raise DataError(
                f"every account year must have a {name}; {int(years[name].isna().sum()):,} of "
                f"{len(years):,} have none. Give them one, if only 'unknown'."
            )
    if (years["cost"] < 0).any():
        raise DataError(
            f"costs must be 0 or more; {int((years['cost'] < 0).sum()):,} account years are below."
        )
    check_level_names(years["level"], order)


def _check_cells(whole: pd.DataFrame, segments: tuple[str, ...], names: tuple[str, ...]) -> None:
    if len(names) < 2:
        raise DataError(
            f"effects compare levels; found {len(names)} in {len(whole):,} complete account years. "
            "Serve some customers, drawn at random, at another level, and wait a year."
        )
    by_level, by_segment = whole.groupby("level"), whole.groupby("segment")
    for what, names_, grouped in (("level", names, by_level), ("segment", segments, by_segment)):
        counts = grouped["retained"].agg(["size", "sum"]).reindex(names_, fill_value=0)
        thin = counts[(counts["sum"] < 2) | (counts["size"] - counts["sum"] < 2)]
        if len(thin):
            raise DataError(
                f"each {what} needs 2 complete account years that were renewed and 2 that were "
                f"not; {thin.index[0]!r} has {int(thin['sum'].iloc[0])} of "
                f"{int(thin['size'].iloc[0])} renewed. Observe for longer, or join it to another."
            )
    earned = by_segment["margin"].sum().reindex(segments)
    if (earned <= 0).any():
        raise DataError(
            f"effects on margin are ratios; segment {earned.idxmin()!r} earns {earned.min():,.2f} "
            "in all its account years. Leave it out, or mend its prices first."
        )


def _design(whole: pd.DataFrame, segments: tuple[str, ...], names: tuple[str, ...]) -> Array:
    columns = [whole["segment"] == segment for segment in segments]
    columns += [whole["level"] == name for name in names[1:]]
    return np.column_stack(columns).astype(float)


def _costs(
    whole: pd.DataFrame, segments: tuple[str, ...], names: tuple[str, ...]
) -> tuple[Array, Array]:
    cells = whole.groupby(["segment", "level"])["cost"].agg(["mean", "sem", "size"])
    full = cells.reindex(pd.MultiIndex.from_product([segments, names]))
    mean = full["mean"].to_numpy().reshape(len(segments), len(names))
    free = np.argwhere(mean[:, 1:] == 0)
    if len(free):
        raise DataError(
            f"level {names[1 + free[0][1]]!r} costs nothing in segment {segments[free[0][0]]!r}, "
            f"yet it does more than {names[0]!r}: then it would be best for everyone. Record what "
            "its contacts cost."
        )
    return mean, full["sem"].fillna(0.0).to_numpy().reshape(mean.shape)


def _retention(whole: pd.DataFrame, design: Array) -> Estimates:
    import statsmodels.api as sm

    return _fitted(whole["retained"].to_numpy(float), design, sm.families.Binomial(), whole)


def _margin(whole: pd.DataFrame, design: Array, segments: int) -> Estimates:
    """Regress margin with a log link; losses and zeros count as they are (quasi-likelihood)."""
    import statsmodels.api as sm

    money = whole["margin"].to_numpy(float)
    in_segment = design[:, :segments]
    start = np.log(in_segment.T @ money / in_segment.sum(axis=0))
    start = np.concatenate([start, np.zeros(design.shape[1] - segments)])
    family = sm.families.Gamma(sm.families.links.Log())
    return _fitted(money, design, family, whole, start=start)


def _fitted(
    outcome: Array, design: Array, family: Any, whole: pd.DataFrame, *, start: Array | None = None
) -> Estimates:
    import warnings

    import statsmodels.api as sm

    customers = pd.factorize(whole["customer_id"])[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zeros and losses under Gamma's likelihood, not used
        found = sm.GLM(outcome, design, family=family).fit(
            start_params=start, tol_criterion="params", maxiter=200,
            cov_type="cluster", cov_kwds={"groups": customers},
        )  # fmt: skip
    values, covariance = np.asarray(found.params), np.asarray(found.cov_params())
    if not found.converged or not np.isfinite(values).all() or np.abs(values).max() > 30:
        raise ConvergenceError(
            f"the effects of levels were not found in {len(whole):,} account years: some segment "
            "or level hardly occurs. Join small segments, or leave rare levels out."
        )
    return Estimates(values, covariance)


def level_balance(years: pd.DataFrame) -> tuple[float, int]:
    """Test whether levels look as if drawn at random: did they follow the year before?

    Within segments, the rank of the margin that a customer earned in the account year before is
    regressed on the level of this one; if levels were drawn at random there is nothing to find.

    Parameters
    ----------
    years
        customer_id, segment, year, level and margin, as `account_years` makes them.

    Returns
    -------
    (float, int)
        p-value of the joint test of all levels (Wald, clustered by customer), NaN where fewer than
        30 account years have one before them, and the number of those.

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

    before = years[["customer_id", "year", "margin"]].assign(year=years["year"] + 1)
    pairs = years.drop(columns="margin").merge(before, on=["customer_id", "year"])
    present = pd.factorize(pairs["level"])[1]
    if len(pairs) < _PAIRS or len(present) < 2:
        return float("nan"), len(pairs)
    rank = pairs.groupby("segment")["margin"].rank(pct=True).to_numpy()
    design = _design(pairs, tuple(pairs["segment"].unique()), tuple(present))
    found = sm.OLS(rank, design).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(pairs["customer_id"])[0]}
    )
    levels = np.eye(design.shape[1])[-(len(present) - 1) :]
    return float(found.wald_test(levels, scalar=True).pvalue), len(pairs)
