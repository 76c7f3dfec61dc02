"""Effect of structural ties and relationship quality on costs, and the cost of weak partners.

ln(cost or response time) = kind of partner + ties + quality + residual. The shrunken quality score
replaces the true one (regression calibration), so that measurement error does not bias its effect
to zero. The design is observational: an effect is the difference between partners with stronger and
with weaker ties, other variables constant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from relmark_research._repr import html_table, one_line
from relmark_research.errors import DataError, check_choice, check_level, check_share
from relmark_research.relationships._validate import check_columns
from relmark_research.relationships.partners.partner_data import TIES, PartnerData
from relmark_research.relationships.partners.relationship_quality import QualityScores
from relmark_research.stats.intervals import percentile_interval, t_quantile

OUTCOMES = {"cost": "transaction_cost", "time": "response_time_days"}

_SINGLETON_LEVERAGE = 0.999  # leverage of the only partner of its kind


@dataclass(frozen=True, repr=False)
class TieEffects:
    """A log-linear regression of cost or response time on ties and quality.

    Attributes
    ----------
    outcome
        ``"cost"`` or ``"time"``.
    drivers
        The three ties (per point) and quality (per standard deviation between partners).
    effects, covariance
        On the logarithm, in the order of the drivers; heteroscedasticity-robust.
    degrees_of_freedom
        Of the residuals.
    r_squared
        Of the logarithm.
    """

    outcome: str
    drivers: tuple[str, ...]
    effects: np.ndarray
    covariance: np.ndarray
    degrees_of_freedom: float
    r_squared: float

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Return a row per driver: effect (on the logarithm) and change = exp(effect) - 1.

        Returns
        -------
        DataFrame
            Index driver: effect, effect_low, effect_high, standard_error, change (a share),
            change_low, change_high.
        """
        check_level(level)
        error = np.sqrt(np.diag(self.covariance))
        reach = t_quantile(level, self.degrees_of_freedom) * error
        ends = {"": self.effects, "_low": self.effects - reach, "_high": self.effects + reach}
        return pd.DataFrame(
            {f"effect{end}": value for end, value in ends.items()}
            | {"standard_error": error}
            | {f"change{end}": np.expm1(value) for end, value in ends.items()},
            index=pd.Index(self.drivers, name="driver"),
        )

    def draws(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return draws of the effects, multivariate Student's t, shape (n, drivers)."""
        root = np.linalg.cholesky(self.covariance)
        scale = np.sqrt(self.degrees_of_freedom / rng.chisquare(self.degrees_of_freedom, n))
        return (
            self.effects + (rng.standard_normal((n, len(self.effects))) @ root.T) * scale[:, None]
        )

    def _rows(self) -> dict[str, object]:
        change = np.expm1(self.effects)
        found = {name: f"{share:+.1%}" for name, share in zip(self.drivers, change, strict=True)}
        return {"outcome": self.outcome} | found | {"R squared": self.r_squared}

    def __repr__(self) -> str:
        return one_line("TieEffects", self._rows())

    def _repr_html_(self) -> str:
        return html_table("Effects of ties and quality", self._rows())


@dataclass(frozen=True, repr=False)
class WeakPartners:
    """The excess cost, or response time, of partners below a target level of ties and quality.

    Attributes
    ----------
    drivers
        Row per driver and for all together: driver, weak (number of partners below the target),
        saving (per year, or days per offer on average) with saving_low and saving_high.
    table
        Index partner_id, largest saving first: name, constituency, saving, saving_low, saving_high,
        current (the partner's cost per year, or its days), share = saving / current, below (drivers
        below the target, comma-separated).
    current
        Cost of all partners per year, or mean days per transaction.
    """

    drivers: pd.DataFrame
    table: pd.DataFrame
    current: float

    def _rows(self) -> list[tuple[object, ...]]:
        columns = ["driver", "weak", "saving", "saving_low", "saving_high"]
        rows = self.drivers[columns].itertuples(index=False)
        return [("driver", "weak", "saving", "low", "high"), *map(tuple, rows)]

    def __repr__(self) -> str:
        total = self.drivers.iloc[-1]
        rows = {"partners": len(self.table), "current": self.current, "saving": total["saving"]}
        return one_line("WeakPartners", rows)

    def _repr_html_(self) -> str:
        return html_table("Savings at the target", self._rows())


def tie_effects(data: PartnerData, quality: QualityScores, *, outcome: str = "cost") -> TieEffects:
    """Return the effect of each tie, and of quality, on transaction cost or response time.

    Parameters
    ----------
    data
        Partners and their survey.
    quality
        From `relationship_quality`, of any scales.
    outcome
        ``"cost"`` (per transaction) or ``"time"`` (days to answer an offer).

    Returns
    -------
    TieEffects
        Least squares on the logarithm with an intercept for each kind of partner; standard errors
        HC3 (HC1 if a kind has a single partner).

    Raises
    ------
    ParameterError
        If ``outcome`` is neither.
    DataError
        If there are too few partners, or ties are constant or collinear.

    References
    ----------
    MacKinnon and White 1985 (HC3); Carroll, Ruppert, Stefanski and Crainiceanu 2006, Measurement
    Error in Nonlinear Models (regression calibration).

    Examples
    --------
    >>> import relmark_research as rm
    >>> partners, survey = rm.load_sample("partners"), rm.load_sample("partner_survey")
    >>> data = rm.relationships.read_partners(partners, survey)
    >>> quality = rm.relationships.relationship_quality(data, scales="trust")
    >>> rm.relationships.tie_effects(data, quality).table()["effect"].round(2).to_dict()
    {'social_tie': -0.07, 'economic_tie': -0.08, 'technical_tie': -0.1, 'quality': -0.11}
    """
    import statsmodels.api as sm

    check_choice("outcome", outcome, OUTCOMES)
    check_columns(data.records, "partners", [*TIES, OUTCOMES[outcome]])
    kinds = pd.get_dummies(data.records["constituency"], dtype=float)
    design = data.records[list(TIES)].join(kinds)
    drivers: tuple[str, ...] = TIES
    if quality.components.between > 0:
        design.insert(3, "quality", quality.standardised["value"])
        drivers = (*TIES, "quality")
    _check_design(design)
    fit = sm.OLS(np.log(data.records[OUTCOMES[outcome]]), design).fit()
    singleton = fit.get_influence().hat_matrix_diag.max() > _SINGLETON_LEVERAGE
    robust = fit.get_robustcov_results("HC1" if singleton else "HC3")
    k = len(drivers)
    return TieEffects(
        outcome, drivers, np.asarray(fit.params)[:k], np.asarray(robust.cov_params())[:k, :k],
        float(fit.df_resid), float(fit.rsquared),
    )  # fmt: skip


def weak_partners(
    data: PartnerData,
    quality: QualityScores,
    effects: TieEffects,
    *,
    target_quantile: float = 0.5,
    level: float = 0.95,
    draws: int = 4000,
    seed: int = 1,
) -> WeakPartners:
    """Return what raising the ties and quality of weak partners to a target would save.

    Parameters
    ----------
    data, quality, effects
        From `read_partners`, `relationship_quality` and `tie_effects`.
    target_quantile
        Quantile of each driver among all partners to which weak partners would be raised, in
        (0, 1); 0.5 is the median.
    level
        Probability of the intervals, in (0, 1).
    draws, seed
        Draws of the effects and of each partner's true quality, and their seed.

    Returns
    -------
    WeakPartners
        saving = current x (1 - exp(sum of effects x deficits)), deficit = max(0, target - tie);
        current is transactions x cost, or days (averaged over transactions). Savings are gross of
        the cost of building ties.

    Raises
    ------
    ParameterError
        If the target or the level is not in (0, 1).
    """
    check_share("target_quantile", target_quantile)
    check_level(level)
    rng = np.random.default_rng(seed)
    deficits = _deficits(data, quality, effects.drivers, target_quantile, draws, rng)
    beta = effects.draws(draws, rng)
    measure = data.records[OUTCOMES[effects.outcome]].to_numpy()
    transactions = data.records["transactions_per_year"].to_numpy()
    is_cost = effects.outcome == "cost"
    current = measure * transactions
    if not is_cost:
        current = current / max(transactions.sum(), 1)
    log_change = deficits * beta[:, None, :]
    by_driver = current[None, :, None] * -np.expm1(log_change)
    together = current[None, :] * -np.expm1(log_change.sum(axis=-1))
    by_partner = together if is_cost else -np.expm1(log_change.sum(axis=-1)) * measure
    return WeakPartners(
        _driver_table(effects.drivers, deficits, by_driver, together, level),
        _partner_table(data, effects, deficits, by_partner, level),
        float(current.sum()),
    )


def _check_design(design: pd.DataFrame) -> None:
    n, k = design.shape
    if n < k + 5:
        raise DataError(
            f"expected {k + 5} or more partners to estimate {k} effects; found {n}. Combine kinds "
            "of partners."
        )
    if np.linalg.matrix_rank(design.to_numpy()) < k:
        raise DataError(
            "expected ties that vary between partners and from each other; found constant or "
            "collinear ones, whose effects are not identified. Leave one out."
        )


def _deficits(
    data: PartnerData,
    quality: QualityScores,
    drivers: tuple[str, ...],
    target_quantile: float,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return how far each partner lies below the target, shape (draws, partners, drivers)."""
    ties = data.records[list(TIES)].to_numpy()
    below = np.clip(np.quantile(ties, target_quantile, axis=0) - ties, 0, None)
    below = np.broadcast_to(below, (draws, *below.shape))
    if "quality" not in drivers:
        return below
    score = quality.standardised
    true_score = rng.normal(score["value"], score["error"], (draws, len(score)))
    deficit = np.clip(stats.norm.ppf(target_quantile) - true_score, 0, None)
    return np.concatenate([below, deficit[..., None]], axis=-1)


def _is_weak(deficits: np.ndarray) -> np.ndarray:
    """Return whether a deficit is more probable than not, shape (partners, drivers)."""
    return (deficits > 0).mean(axis=0) > 0.5


def _driver_table(
    drivers: tuple[str, ...],
    deficits: np.ndarray,
    by_driver: np.ndarray,
    together: np.ndarray,
    level: float,
) -> pd.DataFrame:
    totals = np.column_stack([by_driver.sum(axis=1), together.sum(axis=1)])
    low, high = percentile_interval(totals, level, skip_missing=True)
    weak = _is_weak(deficits)
    return pd.DataFrame(
        {
            "driver": [*drivers, "all together"],
            "weak": [*weak.sum(axis=0).tolist(), int(weak.any(axis=1).sum())],
            "saving": totals.mean(axis=0),
            "saving_low": low,
            "saving_high": high,
        }
    )


def _partner_table(
    data: PartnerData,
    effects: TieEffects,
    deficits: np.ndarray,
    by_partner: np.ndarray,
    level: float,
) -> pd.DataFrame:
    records = data.records
    current = records[OUTCOMES[effects.outcome]]
    if effects.outcome == "cost":
        current = current * records["transactions_per_year"]
    low, high = percentile_interval(by_partner, level, skip_missing=True)
    names = [name.removesuffix("_tie") for name in effects.drivers]
    below = [
        ", ".join(name for name, weak in zip(names, row, strict=True) if weak)
        for row in _is_weak(deficits)
    ]
    saving = by_partner.mean(axis=0)
    table = records[["name", "constituency"]].assign(
        saving=saving,
        saving_low=low,
        saving_high=high,
        current=current,
        share=np.divide(saving, current, out=np.zeros(len(current)), where=current.to_numpy() > 0),
        below=below,
    )
    return table.sort_values("saving", ascending=False, kind="stable")
