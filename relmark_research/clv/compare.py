"""Which model to trust: several on one calibration, judged by one holdout.

The log score, the mean log-probability that a model gave to what each customer then did, decides:
it rewards a forecast for being near and for saying honestly how sure it is. Two naive forecasts
stand beside the models, to show what a model adds: NBD, in which nobody leaves, and "as before", in
which each customer goes on at the own past rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import pandas as pd

from relmark_research.clv.asked import spend_model
from relmark_research.clv.base import PurchaseModel
from relmark_research.clv.comparison import Comparison, chosen
from relmark_research.clv.coverage import holdout_chances
from relmark_research.clv.fitting import Fit, normal_quantile
from relmark_research.clv.forecast import Outlook
from relmark_research.clv.gamma_gamma import GammaGamma
from relmark_research.clv.holdout import actual_purchases
from relmark_research.clv.nbd import NBD
from relmark_research.clv.validation import holdout_expectation
from relmark_research.customers.summary import Split
from relmark_research.errors import DataError, ParameterError, RelmarkError, check_choice

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
    from relmark_research.clv.models import MODELS

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
