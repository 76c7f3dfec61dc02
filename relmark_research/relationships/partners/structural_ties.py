"""What ties and good relationships save, and what weak partners cost.

Logarithm of cost (or response time) = kind of partner + ties + quality + rest. The shrunk score
stands for the true one (regression calibration), so that its effect is not diluted by the survey's
noise. What lies behind a correlation of partners is not tried: an effect here is what partners with
stronger ties have, other things equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from relmark_research.errors import DataError, check_choice, check_level
from relmark_research.relationships._validate import check_share
from relmark_research.relationships.partners.partner_tables import TIES, PartnerData
from relmark_research.relationships.partners.relationship_quality import QualityScores
from relmark_research.stats.intervals import percentile_interval, t_quantile

OUTCOMES = {"cost": "transaction_cost", "time": "response_time_days"}


@dataclass(frozen=True)
class TieEffects:
    """A log-linear regression of cost or time on ties and quality.

    Attributes
    ----------
    of
        ``"cost"`` or ``"time"``.
    levers
        The three ties (per point) and quality (per standard deviation between partners).
    effects, covariance
        On the logarithm, in the order of the levers; robust to unequal variances.
    degrees
        Degrees of freedom of the residuals.
    explained
        R squared of the logarithm.
    """

    of: str
    levers: tuple[str, ...]
    effects: np.ndarray
    covariance: np.ndarray
    degrees: float
    explained: float

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Return row per lever: effect (on the logarithm), low, high, change = exp(effect) - 1."""
        check_level(level)
        error = np.sqrt(np.diag(self.covariance))
        reach = t_quantile(level, self.degrees) * error
        ends = {"effect": self.effects, "effect_low": self.effects - reach}
        ends["effect_high"] = self.effects + reach
        change = {name.replace("effect", "change"): np.expm1(end) for name, end in ends.items()}
        return pd.DataFrame(
            ends | {"error": error} | change, index=pd.Index(self.levers, name="lever")
        )

    def draws(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return draws of the effects, Student's t, shape (n, levers)."""
        root = np.linalg.cholesky(self.covariance)
        scale = np.sqrt(self.degrees / rng.chisquare(self.degrees, n))
        return (
            self.effects + (rng.standard_normal((n, len(self.effects))) @ root.T) * scale[:, None]
        )


def tie_effects(data: PartnerData, quality: QualityScores, *, of: str = "cost") -> TieEffects:
    """Return what each tie, and quality, does to transaction cost or to response time.

    Parameters
    ----------
    data
        Partners and their survey.
    quality
        From `relationship_quality`, of whichever scales.
    of
        ``"cost"`` (per transaction) or ``"time"`` (days to answer an offer).

    Returns
    -------
    TieEffects
        Least squares on the logarithm with a level of its own for each kind of partner; standard
        errors HC3 (HC1 where a kind has one partner only).

    Raises
    ------
    ParameterError
        If ``of`` is neither.
    DataError
        If there are too few partners, or ties are all alike.

    References
    ----------
    MacKinnon and White 1985 (HC3); Carroll, Ruppert, Stefanski and Crainiceanu 2006, Measurement
    Error in Nonlinear Models (regression calibration).

    Examples
    --------
    >>> import relmark_research as rm
    >>> partners, survey = rm.load_sample("partners"), rm.load_sample("partner_survey")
    >>> data = rm.relationships.read_partners(partners, survey)
    >>> quality = rm.relationships.relationship_quality(data, of="trust")
    >>> rm.relationships.tie_effects(data, quality).table()["effect"].round(2).to_dict()
    {'social_tie': -0.07, 'economic_tie': -0.08, 'technical_tie': -0.1, 'quality': -0.11}
    """
    import statsmodels.api as sm

    check_choice("outcome", of, OUTCOMES)
    kinds = pd.get_dummies(data.records["constituency"], dtype=float)
    design = data.records[list(TIES)].join(kinds)
    levers: tuple[str, ...] = TIES
    if quality.components.between > 0:
        design.insert(3, "quality", quality.standardised["value"])
        levers = (*TIES, "quality")
    _check_design(design)
    fit = sm.OLS(np.log(data.records[OUTCOMES[of]]), design).fit()
    lone = fit.get_influence().hat_matrix_diag.max() > 0.999
    robust = fit.get_robustcov_results("HC1" if lone else "HC3")
    k = len(levers)
    return TieEffects(
        of, levers, np.asarray(fit.params)[:k], np.asarray(robust.cov_params())[:k, :k],
        float(fit.df_resid), float(fit.rsquared),
    )  # fmt: skip


def _check_design(design: pd.DataFrame) -> None:
    n, k = design.shape
    if n < k + 5:
        raise DataError(
            f"expected {k + 5} or more partners to tell {k} effects apart; found {n}. Put kinds of "
            "partners together."
        )
    if np.linalg.matrix_rank(design.to_numpy()) < k:
        raise DataError(
            "expected ties that differ between partners and from each other; found some that are "
            "alike or constant, so that their effects cannot be told apart. Leave one out."
        )


@dataclass(frozen=True)
class WeakPartners:
    """What partners below the mark cost more than they would at it.

    Attributes
    ----------
    levers
        Row per lever and for all together: weak (partners below the mark), saving (a year, or days
        per offer on average), with saving_low and saving_high.
    table
        Index partner_id, the costliest first: name, constituency, saving, saving_low, saving_high,
        now (what the partner costs a year, or its days), share = saving / now, below (levers under
        the mark, in words).
    now
        Cost of all partners a year, or mean days per transaction.
    """

    levers: pd.DataFrame
    table: pd.DataFrame
    now: float


def weak_partners(
    data: PartnerData,
    quality: QualityScores,
    effects: TieEffects,
    *,
    mark: float = 0.5,
    level: float = 0.95,
    draws: int = 4000,
    seed: int = 1,
) -> WeakPartners:
    """Return what it costs that ties and relationships of some partners are weak.

    Parameters
    ----------
    data, quality, effects
        From `read_partners`, `relationship_quality` and `tie_effects`.
    mark
        Which share of partners lies below the mark to which weak ones would be raised, in (0, 1).
    level
        Probability of the intervals.
    draws, seed
        Draws of the effects and of each partner's true quality, and their seed.

    Returns
    -------
    WeakPartners
        saving = now x (1 - exp(sum of effects x deficits)), deficit = max(0, mark - tie); now is
        transactions x cost, or days (averaged over transactions). A partner's own cost is taken as
        it is. Savings are gross: what it costs to build ties is not known here.

    Raises
    ------
    ParameterError
        If the mark or the level is no share.
    """
    check_share("mark", mark)
    check_level(level)
    rng = np.random.default_rng(seed)
    deficits = _deficits(data, quality, effects.levers, mark, draws, rng)
    beta = effects.draws(draws, rng)
    now = data.records[OUTCOMES[effects.of]].to_numpy()
    weight = data.records["transactions_per_year"].to_numpy()
    base = now * weight if effects.of == "cost" else now * weight / max(weight.sum(), 1)
    moved = deficits * beta[:, None, :]
    saved = base[None, :, None] * -np.expm1(moved)
    whole = base[None, :] * -np.expm1(moved.sum(axis=-1))
    own = whole if effects.of == "cost" else -np.expm1(moved.sum(axis=-1)) * now
    return WeakPartners(
        _lever_table(effects.levers, deficits, saved, whole, level),
        _partner_table(data, effects, deficits, own, level),
        float(base.sum()),
    )


def _deficits(
    data: PartnerData,
    quality: QualityScores,
    levers: tuple[str, ...],
    mark: float,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return how far each partner lies below the mark, shape (draws, partners, levers)."""
    ties = data.records[list(TIES)].to_numpy()
    below = np.clip(np.quantile(ties, mark, axis=0) - ties, 0, None)
    below = np.broadcast_to(below, (draws, *below.shape))
    if "quality" not in levers:
        return below
    score = quality.standardised
    true = rng.normal(score["value"], score["error"], (draws, len(score)))
    short = np.clip(stats.norm.ppf(mark) - true, 0, None)
    return np.concatenate([below, short[..., None]], axis=-1)


def _lever_table(
    levers: tuple[str, ...],
    deficits: np.ndarray,
    saved: np.ndarray,
    whole: np.ndarray,
    level: float,
) -> pd.DataFrame:
    totals = np.column_stack([saved.sum(axis=1), whole.sum(axis=1)])
    low, high = percentile_interval(totals, level, skip_missing=True)
    weak = [int(n) for n in ((deficits > 0).mean(axis=0) > 0.5).sum(axis=0)]
    any_weak = int(((deficits > 0).mean(axis=0) > 0.5).any(axis=1).sum())
    return pd.DataFrame(
        {
            "lever": [*levers, "all together"],
            "weak": [*weak, any_weak],
            "saving": totals.mean(axis=0),
            "saving_low": low,
            "saving_high": high,
        }
    )


def _partner_table(
    data: PartnerData, effects: TieEffects, deficits: np.ndarray, own: np.ndarray, level: float
) -> pd.DataFrame:
    records = data.records
    now = records[OUTCOMES[effects.of]]
    if effects.of == "cost":
        now = now * records["transactions_per_year"]
    low, high = percentile_interval(own, level, skip_missing=True)
    short = (deficits > 0).mean(axis=0) > 0.5
    words = [", ".join(_plain(name) for name, is_short in zip(effects.levers, row, strict=True)
             if is_short) for row in short]  # fmt: skip
    saving = own.mean(axis=0)
    table = records[["name", "constituency"]].assign(
        saving=saving,
        saving_low=low,
        saving_high=high,
        now=now,
        share=np.divide(saving, now, out=np.zeros(len(now)), where=now.to_numpy() > 0),
        below=words,
    )
    return table.sort_values("saving", ascending=False, kind="stable")


def _plain(lever: str) -> str:
    return lever.removesuffix("_tie")
