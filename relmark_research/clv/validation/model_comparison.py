"""What a comparison of models shows: a table, the model to use, and words.

The model to use is one whose search ended at a maximum, which did as well as the best within
chance, and which can give intervals, if there is such a one. Of several it is the one with the best
log score, unless the total of another came nearer by a hundredth or more. A model that ends where
nobody leaves is NBD there, and NBD is used in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.families.gamma_gamma import GammaGamma
from relmark_research.clv.families.nbd import NBD
from relmark_research.clv.prediction._inputs import spend_model
from relmark_research.clv.prediction.forecast import Outlook
from relmark_research.clv.validation.holdout_validation import actual_purchases, holdout_expectation
from relmark_research.clv.validation.model_selection import Selection, select
from relmark_research.clv.validation.predictive_checks import holdout_chances
from relmark_research.customers.log.customer_summary import Split
from relmark_research.errors import DataError, ParameterError, RelmarkError, check_choice
from relmark_research.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from relmark_research.clv.estimation.model import Model
    from relmark_research.customers.log.customer_summary import CustomerSummary

_SAME = 1e-9  # log scores nearer than this are equal but for rounding
_NEARER = 0.01  # of the total, by which another must be nearer than the best


@dataclass(frozen=True)
class Comparison:
    """Models and naive forecasts, the best first.

    Attributes
    ----------
    table
        Index model; best (whether it has the highest log score of the models); log_score (mean
        log-probability of what each customer did) and behind, behind_low, behind_high (how much
        lower than the best, with its interval over customers); expected, actual (purchases of all)
        and bias, expected / actual - 1; mean_absolute_error and root_mean_squared_error (by
        customer); coverage_50 and coverage_90 (share of customers within the central part of their
        forecast); with spend, value_bias and value_mean_absolute_error; aic and diagnosis of the
        fit, and a note of what stands in the way of using it; seconds that it took; alive (sum of
        P(alive) at the cut); naive (whether it is only there for comparison); usable (whether its
        search ended at a maximum). Missing where a forecast says no probabilities.
    best
        Name of the usable model with the highest log score; NBD where none is usable.
    choice
        Name of the model to use: of those whose log score cannot be told from the best, and which
        can give intervals if any can, the best, or the one whose total came nearest where that is
        nearer by a hundredth; NBD where in that one nobody leaves.
    fits
        Each model's fit to the calibration, and NBD's where it is the choice.
    failures
        Models that could not be fitted, and why.
    level
        Probability of the interval of ``behind``.
    """

    table: pd.DataFrame
    best: str
    choice: str
    fits: dict[str, Fit]
    failures: dict[str, str] = field(default_factory=dict)
    level: float = 0.95

    @property
    def overview(self) -> pd.DataFrame:
        """The columns that a reader wants, under short names.

        Behind is the distance to the best log score, summed over 1,000 customers.
        """
        table = self.table
        columns = pd.DataFrame(
            {
                "Behind, per 1,000": (1000 * table["behind"]).round(1) + 0.0,
                "Error of total": table["bias"],
                "Mean error": table["mean_absolute_error"].round(3),
                "Within 90%": table["coverage_90"],
                "Still there": table["alive"].round(),
                "Seconds": table["seconds"].round(2),
            }
        )
        notes = table["note"].str.partition(":")[0]
        return columns.assign(Note=notes) if notes.any() else columns

    @property
    def words(self) -> str:
        """Which model foretold the holdout best, by how much, and what that is worth."""
        said = [self._ranking(), self._left_out(), self._chosen(), self._unsure()]
        return " ".join(filter(None, [*said, self._gain(), self._shared_bias()]))

    @property
    def words_on_leaving(self) -> str:
        """Whether the models agree on what customers do and on how many are left."""
        models = self._models().sort_values("alive")
        if len(models) < 2:
            return ""
        if len(self._staying()) == len(models):
            return "In all of the models it is as likely that nobody leaves."
        expected, alive = models["expected"], models["alive"]
        text = (
            "On what customers will do the models differ by at most "
            f"{expected.max() / expected.min() - 1:.0%} in total."
        )
        ends = [f"{alive.iloc[end]:,.0f} ({models.index[end]})" for end in (0, -1)]
        if alive.iloc[-1] > 1.1 * alive.iloc[0]:
            text += (
                f" On how many were still customers at the cut they do not agree: from {ends[0]} "
                f"to {ends[1]}. A customer who stays away and one who has left look the same."
            )
        if "BGNBD" in models.index:
            text += " BGNBD counts everybody who bought once, since there nobody leaves before."
        return text

    def refit(self, customers: CustomerSummary | pd.DataFrame) -> Selection:
        """Fit the models that can be used to all customers, and say which to use now.

        Parameters
        ----------
        customers
            CustomerSummary or DataFrame, in the calibration's unit of time.

        Returns
        -------
        Selection
            The choice, or what has to stand in for it, with words.
        """
        return select(self.choice, self._candidates(), customers, near=self.near)

    def _candidates(self) -> dict[str, type[Model]]:
        """Return the models to use, the first first; where NBD is, those of which it is a limit."""
        models, near, staying = self._models(), self.near, self._staying()
        first = staying if self.choice == "NBD" else [self.choice]
        order = dict.fromkeys([*first, *near, *models.index])
        return {name: type(self.fits[name].model) for name in order if name in self.fits}

    def _models(self) -> pd.DataFrame:
        """Return the rows of the models that can be used."""
        return self.table[~self.table["naive"] & self.table["usable"]]

    @property
    def near(self) -> list[str]:
        """The models that cannot be told from the best by their log score."""
        models = self._models()
        return models.index[models["behind_low"] <= _SAME].to_list()

    def _staying(self) -> list[str]:
        """Return the models at their limit that nobody leaves."""
        return [name for name in self._models().index if _vanishing(self.fits, name)]

    def _ranking(self) -> str:
        models, staying = self._models(), self._staying()
        others = [name for name in self.near if name != self.best]
        far = models[models["behind_low"] > _SAME]
        if len(models) == 0:
            return "None of the models could be used; NBD, in which nobody leaves, stands in."
        if len(staying) == len(models):
            does = "all end" if len(models) > 1 else "ends"
            return f"{_listed(staying)} {does} at the limit in which nobody leaves."
        if len(models) == 1:
            tried = "tried" if self.table["usable"].all() else "that could be used"
            return f"{self.best} was the only model {tried}."
        text = f"{self.best} foretold the months kept back best"
        if others:
            text += f"; {_listed(others)} did as well, within chance"
        if len(far):
            each = [f"{name} (by {row['behind']:.3f})" for name, row in far.iterrows()]
            text += f"; behind it in log score per customer: {_listed(each)}"
        return f"{text}."

    def _left_out(self) -> str:
        """Say which models were tried and not used, and why."""
        lost = self.table[~self.table["usable"]]
        notes = [f"{name} is {row['note']}." for name, row in lost.iterrows()]
        notes += [f"{name} could not be fitted: {why}" for name, why in self.failures.items()]
        return " ".join(notes)

    def _chosen(self) -> str:
        models, staying = self._models().index, self._staying()
        if self.choice == self.best and self.choice in models:
            return ""
        if self.choice == "NBD":
            if not staying:
                return ""
            end, they = ("end", "they say") if len(staying) > 1 else ("ends", "it says")
            lead = f"{_listed(staying)} {end} at the limit in which nobody leaves. "
            return (
                f"{lead * (len(staying) < len(models))}There {they} what NBD says, which is "
                "used: customers buy at random, each at the own pace, and stay."
            )
        bias = self.table["bias"]
        if abs(bias[self.best]) - abs(bias[self.choice]) < _NEARER:
            return f"{self.choice} is the one to use: it can say how sure its numbers are."
        against = _listed([f"{bias[name]:+.0%}" for name in self.near if name != self.choice])
        text = (
            f"Of those that did as well {self.choice} came nearest in total "
            f"({bias[self.choice]:+.0%} against {against}), so it is the one to use."
        )
        return text.replace("-", "\N{MINUS SIGN}")

    def _unsure(self) -> str:
        fit = self.fits.get(self.choice)
        if fit is None or not fit.no_interval:
            return ""
        return f"How sure its numbers are cannot be said ({fit.diagnosis})."

    def _gain(self) -> str:
        used, none = self.table.loc[self.choice], self.table.loc["NBD"]
        less = 1 - used["mean_absolute_error"] / none["mean_absolute_error"]
        if self.choice == "NBD":
            return ""
        if none["behind_low"] <= _SAME:
            return f"{self.choice} did no better than to suppose that nobody leaves."
        than = "smaller" if less >= 0 else "larger"
        return (
            "To suppose that nobody ever leaves would be worse: the mean error of "
            f"{self.choice} by customer is {abs(less):.0%} {than}."
        )

    def _shared_bias(self) -> str:
        bias = self._models()["bias"]
        if len(bias) == 0 or not ((bias < -0.02).all() or (bias > 0.02).all()):
            return ""
        side, other = ("few", "more") if bias.iloc[0] < 0 else ("many", "less")
        ends = sorted(bias.abs())
        sizes = dict.fromkeys(f"{end:.0%}" for end in (ends[0], ends[-1]))
        who = "They all expected" if len(bias) > 1 else "It expected"
        return (
            f"{who} too {side} purchases, by {' to '.join(sizes)}: customers bought {other} than "
            "their histories let expect."
        )

    def _repr_html_(self) -> str:
        return self.table._repr_html_()  # type: ignore[operator]


def chosen(table: pd.DataFrame, fits: Mapping[str, Fit]) -> str:
    """Return the name of the model to use, NBD where nobody leaves or no model can be used."""
    models = table[~table["naive"] & table["usable"]]
    if len(models) == 0:
        return "NBD"
    near = models[models["behind_low"] <= _SAME]
    sure = [not fits[str(name)].no_interval or bool(_vanishing(fits, name)) for name in near.index]
    pool = (near[sure] if any(sure) else near).sort_values("log_score", ascending=False)
    off = pool["bias"].abs()
    name = str(off.idxmin() if off.iloc[0] - off.min() >= _NEARER else pool.index[0])
    return "NBD" if _vanishing(fits, name) else name


def _vanishing(fits: Mapping[str, Fit], name: object) -> bool:
    return str(name) in fits and bool(fits[str(name)].diagnosis.vanishing)


def _listed(names: Sequence[str]) -> str:
    """Return names as a reader lists them: a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


# Which model to trust: several on one calibration, judged by one holdout. The log score, the
# mean log-probability that a model gave to what each customer then did, decides: it rewards a
# forecast for being near and for saying honestly how sure it is. Two naive forecasts stand
# beside the models, to show what a model adds: NBD, in which nobody leaves, and "as before", in
# which each customer goes on at the own past rate.

Array = np.ndarray

AS_BEFORE = "as before"
_BANDS = (0.5, 0.9)
_VALUE = ("value_bias", "value_mean_absolute_error")


@dataclass(frozen=True)
class _Forecast:
    """What one model, or one naive rule, said of the holdout."""

    expected: Array
    log_chance: Array | None = None
    coverage: tuple[float, ...] = (np.nan,) * len(_BANDS)
    fit: Fit | None = None
    seconds: float = np.nan
    alive: float = np.nan


def compare_models(
    split: Split,
    *,
    models: Sequence[str | type[PurchaseModel]] = ("BGNBD", "MBGNBD", "ParetoNBD"),
    spend: type[GammaGamma] | Fit | None = None,
    level: float = 0.95,
) -> Comparison:
    """Fit several models on a calibration and judge them on its holdout, best first.

    Parameters
    ----------
    split
        A log cut in two: ``log.split(at="1997-09-30")``.
    models
        Models of purchases, or their names.
    spend
        A model of spend, to be fitted on the calibration, or its fit; with it the value of the
        holdout is judged too, unless it has no mean (q <= 1): those columns are then missing.
    level
        Probability of the interval of how far a model is behind the best.

    Returns
    -------
    Comparison
        A table with a row per model and naive forecast, the best model's name, the name of the one
        to use, and words. A fit whose search did not end at a maximum is neither: its row says why.
        Where a model ends at its limit that nobody leaves, the one to use is NBD, which says so.

    Raises
    ------
    ParameterError
        Where a model is unknown or is none of purchases.
    DataError
        Where nobody bought in the holdout, or no model could be fitted.

    References
    ----------
    Gneiting & Raftery (2007), Strictly proper scoring rules, prediction, and estimation, Journal of
    the American Statistical Association 102(477), 359-378.

    Examples
    --------
    >>> import relmark_research as rm
    >>> split = rm.load_cdnow().split(at="1997-09-30")
    >>> compared = rm.compare_models(split, models=["BGNBD"])
    >>> print(compared.table[["log_score", "bias", "mean_absolute_error"]].round(3))
               log_score   bias  mean_absolute_error
    model
    BGNBD         -0.984 -0.121                0.785
    NBD           -1.064  0.557                1.041
    as before        NaN  0.557                1.024
    """
    if not isinstance(split, Split):
        raise ParameterError(
            "models are compared on a Split, log.split(at='1997-09-30'); found "
            f"{type(split).__name__}."
        )
    if isinstance(models, str):
        models = [models]
    if not models:
        raise ParameterError("expected at least one model to compare; found none.")
    actual = actual_purchases(split)
    forecasts: dict[str, _Forecast] = {}
    failures: dict[str, str] = {}
    for model in map(_model, models):
        try:
            forecasts[model.__name__] = _forecast(model, split)
        except RelmarkError as error:
            failures[model.__name__] = str(error)
    if not forecasts:
        raise DataError("no model could be fitted: " + "; ".join(failures.values()))
    nobody = _forecast(NBD, split)
    every = {"NBD": nobody, AS_BEFORE: _as_before(split)} | forecasts
    usable = {name: one for name, one in forecasts.items() if not _lost(one)} or {"NBD": nobody}
    best = max(usable, key=lambda name: _log_score(usable[name]))
    rows = {name: _row(one, every[best], actual, level) for name, one in every.items()}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")
    if spend is not None:
        columns = _value_columns(every, split, spend)
        table = table.assign(**{name: table.index.map(column) for name, column in columns.items()})
    table = _ordered(table, best, tried=list(forecasts), usable=list(usable))
    fits = {name: one.fit for name, one in forecasts.items() if one.fit is not None}
    choice = chosen(table, fits)
    if choice == "NBD" and nobody.fit is not None:
        fits.setdefault("NBD", nobody.fit)
    return Comparison(table, best, choice, fits, failures, level)


def _ordered(
    table: pd.DataFrame, best: str, *, tried: list[str], usable: list[str]
) -> pd.DataFrame:
    """Mark the best, the usable and the naive, and put them in order."""
    table.insert(0, "best", table.index == best)
    table["naive"] = ~table.index.isin(tried)
    table["usable"] = table["naive"] | table.index.isin(usable)
    order = ["naive", "usable", "log_score"]
    return table.sort_values(order, ascending=[True, False, False])


def _lost(one: _Forecast) -> bool:
    return one.fit is not None and one.fit.diagnosis.lost


def _model(model: str | type[PurchaseModel]) -> type[PurchaseModel]:
    from relmark_research.clv.estimation.registry import MODELS

    purchases = {name: one for name, one in MODELS.items() if issubclass(one, PurchaseModel)}
    if isinstance(model, str):
        check_choice("model of purchases", model, purchases)
        return purchases[model]
    if isinstance(model, type) and issubclass(model, PurchaseModel):
        return model
    raise ParameterError(
        f"models are compared by name or class; found {model!r}. There are: {', '.join(purchases)}."
    )


def _forecast(model: type[PurchaseModel], split: Split) -> _Forecast:
    begun = perf_counter()
    fit = model.fit(split.calibration)
    seconds = perf_counter() - begun
    chances, outlook = holdout_chances(fit, split), Outlook.of(split.calibration)
    return _Forecast(
        expected=holdout_expectation(fit, split),
        log_chance=np.log(np.maximum(chances.at, 1e-300)),
        coverage=tuple(float(chances.within(band).mean()) for band in _BANDS),
        fit=fit,
        seconds=seconds,
        alive=float(outlook.p_alive(fit.model) @ outlook.histories.weights),  # type: ignore[arg-type]
    )


def _as_before(split: Split) -> _Forecast:
    """Return each customer's own past rate, carried on; 0 where nothing was observed."""
    x, T = split.calibration.frequency, split.calibration.T
    rate = np.divide(x, T, out=np.zeros(len(x)), where=T > 0)
    return _Forecast(expected=rate * split.length)


def _log_score(forecast: _Forecast) -> float:
    return np.nan if forecast.log_chance is None else float(forecast.log_chance.mean())


def _row(one: _Forecast, best: _Forecast, actual: Array, level: float) -> dict[str, object]:
    off = one.expected - actual
    behind, reach = np.nan, np.nan
    if one.log_chance is not None and best.log_chance is not None:
        less = best.log_chance - one.log_chance
        behind = less.mean()
        reach = normal_quantile(level) * less.std(ddof=1) / np.sqrt(len(less))
    return {
        "log_score": _log_score(one),
        "behind": behind,
        "behind_low": behind - reach,
        "behind_high": behind + reach,
        "expected": one.expected.sum(),
        "actual": actual.sum(),
        "bias": off.sum() / actual.sum(),
        "mean_absolute_error": np.abs(off).mean(),
        "root_mean_squared_error": np.sqrt((off**2).mean()),
        **{
            f"coverage_{100 * band:.0f}": share
            for band, share in zip(_BANDS, one.coverage, strict=True)
        },
        "aic": np.nan if one.fit is None else one.fit.aic,
        "diagnosis": "" if one.fit is None else one.fit.diagnosis.grade,
        "note": "" if one.fit is None else _note(one.fit),
        "seconds": one.seconds,
        "alive": one.alive,
    }


def _note(fit: Fit) -> str:
    """Say what a reader must know of a fit before its row is taken for what it says."""
    if fit.diagnosis.lost:
        return f"not used, {fit.diagnosis}"
    if fit.diagnosis.vanishing:
        return "nobody leaves"
    return f"no intervals, {fit.diagnosis}" if fit.no_interval else ""


def _value_columns(
    forecasts: dict[str, _Forecast], split: Split, spend: type[GammaGamma] | Fit
) -> dict[str, dict[str, float]]:
    """Return the error of the value expected in the holdout, in total and by customer."""
    fit = spend if isinstance(spend, Fit) else spend.fit(split.calibration)
    x, m = split.calibration.frequency, split.calibration.monetary_value
    model = spend_model(fit)
    if not model.has_mean:
        return {name: dict.fromkeys(forecasts, np.nan) for name in _VALUE}
    paid = model.conditional_expected_spend(x, m)
    actual = split.holdout["value"].to_numpy(float)
    total = actual.sum()
    off = {name: one.expected * paid - actual for name, one in forecasts.items()}
    bias = {name: each.sum() / total for name, each in off.items()}
    return dict(zip(_VALUE, (bias, {k: np.abs(v).mean() for k, v in off.items()}), strict=True))
