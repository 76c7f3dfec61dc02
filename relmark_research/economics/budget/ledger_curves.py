"""Response curves fitted to a spend ledger, one per segment and purpose."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relmark_research.economics.budget.spend_ledger import COLUMNS, PURPOSES, Purpose, SpendLedger
from relmark_research.economics.response.curve_memory import CurveMemory, curve_memory, tilted
from relmark_research.economics.response.curve_shapes import Array, exponential_slope
from relmark_research.economics.response.response_curves import LogitCurve, ResponseCurve
from relmark_research.economics.response.response_fit import ResponseFit
from relmark_research.errors import DataError, ParameterError

CurveFits = dict[tuple[str, Purpose], ResponseFit]
CurveMemories = dict[tuple[str, Purpose], CurveMemory]

_DRAWS = 2000
_APART = 500_000  # between the seeds of a curve and of its memory


def fit_curves(ledger: SpendLedger, today: pd.DataFrame) -> tuple[CurveFits, dict[str, str]]:
    """Fit both curves of each segment to all periods, with the current spends of ``today``.

    Returns the fits by segment and purpose, and a note per segment without a fit.
    """
    fits: CurveFits = {}
    notes: dict[str, str] = {}
    for segment in ledger.segments:
        for purpose in PURPOSES:
            spend, people, _ = today.loc[segment, list(COLUMNS[purpose])].to_numpy(float)
            try:
                data = ledger.binomial_data(segment, purpose)
                fits[segment, purpose] = ResponseCurve.fit(
                    data.spend,
                    data.successes,
                    data.trials,
                    today=spend / people if people else None,
                )
            except (DataError, ParameterError) as error:
                note = f"{notes.get(segment, '')} no {purpose} curve: {error}"
                notes[segment] = note.strip()
    return fits, notes


def logit_aic_difference(fit: ResponseFit) -> float:
    """Return the AIC of an S-shaped (logit) curve on the same counts less that of the fit."""
    data = fit.data
    return LogitCurve.fit(data.spend, data.successes, data.trials).aic - fit.aic


def fit_memories(ledger: SpendLedger, fits: CurveFits) -> CurveMemories:
    """Weigh each curve against trend, season and carry-over."""
    return {line: curve_memory(fit, ledger.periods_of(*line)) for line, fit in fits.items()}


def draw_pairs(fit: ResponseFit, memory: CurveMemory, n: int, *, seed: int) -> tuple[Array, Array]:
    """Return n draws of ceiling and steepness, tilted by draws of the memory."""
    ceiling, steepness = fit.draws(n, seed=seed).to_numpy().T
    today = memory.draws(n, seed=seed + _APART)
    return tilted(ceiling, steepness, np.full(n, fit.curve.spend), *today)


def today_curve(fit: ResponseFit, memory: CurveMemory) -> ResponseCurve:
    """Return the fitted curve, tilted to the means of the memory."""
    now = np.asarray(fit.curve.spend)
    pair = [np.asarray(value) for value in fit.curve.parameters]
    rate = fit.curve.rate_at(now)
    elasticity = fit.curve.slope_at(now) * now / rate
    today = np.array([elasticity * memory.slope, rate * memory.lift])
    if memory.slope == memory.lift == 1:
        today = np.full(2, np.nan)
    ceiling, steepness = tilted(pair[0], pair[1], now, *today)
    return ResponseCurve.from_steepness(float(ceiling), float(steepness), spend=float(now))


def pooled_slope(
    today: pd.DataFrame,
    fits: CurveFits,
    memories: CurveMemories,
    segments: list[str],
    purpose: Purpose,
    *,
    seed: int,
) -> tuple[float, Array] | None:
    """Return successes per unit of money in today's mix of segments, as an estimate and draws."""
    spend = today.loc[segments, COLUMNS[purpose][0]].to_numpy(float)
    if any((segment, purpose) not in fits for segment in segments) or not spend.sum():
        return None
    slope, drawn = 0.0, np.zeros(_DRAWS)
    for i, (segment, share) in enumerate(zip(segments, spend / spend.sum(), strict=True)):
        fit, memory = fits[segment, purpose], memories[segment, purpose]
        current = np.asarray(fit.curve.spend)
        pair = draw_pairs(fit, memory, _DRAWS, seed=seed + 1000 * i + PURPOSES.index(purpose))
        slope += share * float(today_curve(fit, memory).slope_at(current))
        drawn += share * exponential_slope(*pair, current)
    return slope, drawn
