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
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from relmark_research.economics.levels_of_relationship.relationship_level import (
    MarketingLevel,
    check_level_names,
    checked_levels,
    read_levels,
)
from relmark_research.errors import ConvergenceError, DataError, ParameterError, unknown_name
from relmark_research.stats.intervals import normal_quantile

# Effects of levels, however they are known: estimated, or assumed by those who know the firm. A
# level's retention in a segment is logit^-1(a_s + b_l), its yearly margin exp(g_s + h_l); b and
# h of the first level are 0.

Array = np.ndarray


@dataclass(frozen=True)
class Estimates:
    """Coefficients of segments, then of the levels beyond the first, with their covariance."""

    values: Array
    covariance: Array

    def draws(self, n: int, rng: np.random.Generator) -> Array:
        """Return n draws, shape (n, coefficients); what is not known stays not known."""
        known = np.isfinite(self.values)
        drawn = np.full((n, len(self.values)), np.nan)
        inside = self.covariance[np.ix_(known, known)]
        drawn[:, known] = rng.multivariate_normal(self.values[known], inside, n, method="eigh")
        return drawn


@dataclass(frozen=True)
class LevelEffects:
    """Retention, margin and cost of every level in every segment, with their uncertainty.

    Attributes
    ----------
    segments, levels
        Names, in the order of all arrays.
    customers
        Number of customers per segment.
    now
        Customers at each level in their latest account year, shape (segments, levels); None where
        it is not known.
    retention, margin
        `Estimates` on the scales of logit and log.
    cost, cost_se
        Money per customer and year, shape (segments, levels).
    years
        Account years behind the estimates; 0 where they are assumed.
    """

    segments: tuple[str, ...]
    levels: tuple[str, ...]
    customers: Array
    now: Array | None
    retention: Estimates
    margin: Estimates
    cost: Array
    cost_se: Array
    years: int

    def grid(self, coefficients: Array) -> Array:
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
            Index level, the first left out. retention (log-odds) and margin (ratio - 1, a share),
            each with _low and _high.
        """
        z, s = normal_quantile(level), len(self.segments)
        columns: dict[str, Array] = {}
        for name, found in (("retention", self.retention), ("margin", self.margin)):
            value, se = found.values[s:], np.sqrt(np.diag(found.covariance)[s:])
            ends = {"": value, "_low": value - z * se, "_high": value + z * se}
            for end, at in ends.items():
                columns[f"{name}{end}"] = np.expm1(at) if name == "margin" else at
        return pd.DataFrame(columns, index=pd.Index(self.levels[1:], name="level"))


def assumed_effects(segments: pd.DataFrame, levels: Sequence[MarketingLevel]) -> LevelEffects:
    """Take effects and costs as given, where there are no account years to learn from.

    Parameters
    ----------
    segments
        segment, customers, retention (rate a year in (0, 1)) and margin (money per customer and
        year), both at the first level; optionally their standard errors retention_se, margin_se.
    levels
        With a cost each; an effect that is not known makes the value of its level unknown, and only
        what it would have to be can be told.

    Examples
    --------
    >>> segments = pd.DataFrame({"segment": ["homes"], "customers": [900], "retention": [0.6],
    ...                          "margin": [40.0]})
    >>> levels = [MarketingLevel("basic", cost=1.0), MarketingLevel("reactive", cost=4.0)]
    >>> assumed_effects(segments, levels).levels
    ('basic', 'reactive')
    """
    levels = checked_levels(levels)
    _check_segments(segments)
    names = tuple(segments["segment"].astype(str))
    cost = np.array([[level.cost_in(name) for level in levels] for name in names])
    if np.isnan(cost).any():
        place = np.argwhere(np.isnan(cost))[0]
        raise DataError(
            f"every level needs its cost per customer and year; {levels[place[1]].name!r} has none "
            f"in segment {names[place[0]]!r}. Give MarketingLevel(..., cost=...)."
        )
    rate, money = segments["retention"].to_numpy(float), segments["margin"].to_numpy(float)
    rate_se, money_se = (
        segments.get(name, pd.Series(0.0, segments.index)).to_numpy(float)
        for name in ("retention_se", "margin_se")
    )
    retention = _assumed(special.logit(rate), rate_se / (rate * (1 - rate)), levels, "retention")
    return LevelEffects(
        segments=names,
        levels=tuple(level.name for level in levels),
        customers=segments["customers"].to_numpy(float),
        now=None,
        retention=retention,
        margin=_assumed(np.log(money), money_se / money, levels, "margin"),
        cost=cost,
        cost_se=np.zeros_like(cost),
        years=0,
    )


def _assumed(base: Array, base_se: Array, levels: Sequence[MarketingLevel], of: str) -> Estimates:
    effects = [getattr(level, of) for level in levels[1:]]
    values = [np.nan if effect is None else effect.effect for effect in effects]
    sds = [np.nan if effect is None else effect.sd for effect in effects]
    spread = np.concatenate([base_se, sds])
    return Estimates(np.concatenate([base, values]), np.diag(spread**2))


def _check_segments(segments: pd.DataFrame) -> None:
    for name in ("segment", "customers", "retention", "margin"):
        if name not in segments.columns:
            raise DataError(
                "segments need the columns segment, customers, retention and margin; "
                f"{unknown_name('column', name, segments.columns)}"
            )
    if segments["segment"].isna().any():
        raise DataError(
            f"every segment must have a name; {int(segments['segment'].isna().sum())} have none."
        )
    for name, good, rule in (
        ("retention", segments["retention"].between(0, 1, inclusive="neither"), "a rate in (0, 1)"),
        ("margin", segments["margin"] > 0, "money above 0"),
        ("customers", segments["customers"] > 0, "a number above 0"),
    ):
        if not good.all():
            bad = segments.loc[~good].iloc[0]
            raise ParameterError(
                f"{name} of segment {bad['segment']!r} must be {rule}; found {bad[name]!r}."
            )


# Effects of levels, drawn towards a steady rise from the lightest level to the deepest. Each
# level's effect is estimated from its own account years, so the level that looks best owes part
# of its lead to luck, and a probability of being best that trusts the estimates promises too
# much. Levels are ordered, so their effects lend each other strength: b_l = l gamma + u_l, u_l ~
# Normal(0, tau^2), l = 1, 2, ... levels beyond the first gamma is free; tau, how far levels
# stray from a steady rise, is learned from the estimates (restricted likelihood, averaged over
# tau with an even prior).

_FEWEST = 3  # levels beyond the first, below which a line takes up all that there is
_TAUS = np.concatenate([[0.0], np.geomspace(0.01, 1.0, 60)])


def pooled(estimates: Estimates, segments: int) -> Estimates:
    """Return the estimates with the effects of levels pooled.

    Parameters
    ----------
    estimates
        Coefficients of the segments, then of the levels beyond the first, lightest first.
    segments
        How many of the coefficients are segments'.

    Returns
    -------
    Estimates
        Posterior mean and covariance of all coefficients (a normal with the moments of the average
        over tau); the estimates as they are where levels are fewer than four or effects unknown.

    References
    ----------
    Gelman (2006), Prior distributions for variance parameters in hierarchical models, Bayesian
    Analysis 1(3), 515-534.

    Examples
    --------
    >>> raw = Estimates(np.array([0.4, 0.0, 0.5, 0.3, 0.9]), np.diag([0.01] + [0.04] * 4))
    >>> pooled(raw, segments=1).values.round(2)
    array([0.4 , 0.1 , 0.43, 0.43, 0.81])
    """
    effects = estimates.values[segments:]
    if len(effects) < _FEWEST or not np.isfinite(estimates.values).all():
        return estimates
    weights = _weights(effects, estimates.covariance[segments:, segments:])
    parts = [_posterior(estimates, segments, tau) for tau in _TAUS]
    means = np.array([mean for mean, _ in parts])
    mean = weights @ means
    within = np.einsum("t,tij->ij", weights, np.array([spread for _, spread in parts]))
    off = means - mean
    return Estimates(mean, within + np.einsum("t,ti,tj->ij", weights, off, off))


def _weights(effects: Array, covariance: Array) -> Array:
    """Return the posterior weight of each tau, an even prior on tau times the likelihood."""
    logs = np.array([_restricted(effects, covariance, tau) for tau in _TAUS])
    weights = np.exp(logs - logs.max()) * np.gradient(_TAUS)
    return weights / weights.sum()


def _restricted(effects: Array, covariance: Array, tau: float) -> float:
    """Return the restricted log-likelihood of tau, gamma integrated out."""
    step = np.arange(1.0, len(effects) + 1)
    total = covariance + tau**2 * np.eye(len(effects))
    solved = np.linalg.solve(total, np.column_stack([step, effects]))
    information = step @ solved[:, 0]
    off = effects - step * (step @ solved[:, 1]) / information
    fit = off @ np.linalg.solve(total, off)
    return float(-0.5 * (np.linalg.slogdet(total)[1] + np.log(information) + fit))


def _posterior(estimates: Estimates, segments: int, tau: float) -> tuple[Array, Array]:
    """Return mean and covariance of all coefficients, given tau; gamma is the last unknown."""
    n = len(estimates.values)
    precision = np.zeros((n + 1, n + 1))
    precision[:n, :n] = np.linalg.inv(estimates.covariance)
    strays = np.zeros((n - segments, n + 1))
    strays[:, segments:n] = np.eye(n - segments)
    strays[:, n] = -np.arange(1.0, n - segments + 1)
    known = precision[:, :n] @ estimates.values
    spread = np.linalg.inv(precision + strays.T @ strays / max(tau, 1e-3) ** 2)
    return (spread @ known)[:n], spread[:n, :n]


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
