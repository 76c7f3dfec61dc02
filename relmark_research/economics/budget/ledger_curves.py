"""The curves behind a firm's books: one per segment and purpose, fitted to all periods."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relmark_research.economics.budget.spend_ledger import COLUMNS, PURPOSES, Books, Purpose
from relmark_research.economics.response.curve_shapes import Array, exponential_slope
from relmark_research.economics.response.response_curves import ResponseCurve
from relmark_research.economics.response.response_fit import ResponseFit
from relmark_research.errors import DataError, ParameterError

Fits = dict[tuple[str, Purpose], ResponseFit]

_DRAWS = 2000


def fit_curves(books: Books, now: pd.DataFrame) -> tuple[Fits, dict[str, str]]:
    """Fit both curves of each segment to all periods, today at the spends of ``now``.

    Returns the fits by segment and purpose, and notes on the segments where there is none.
    """
    fits: Fits = {}
    notes: dict[str, str] = {}
    for segment in books.segments:
        for purpose in PURPOSES:
            spend, heads, _ = now.loc[segment, list(COLUMNS[purpose])].to_numpy(float)
            try:
                counts = books.counts(segment, purpose)
                fits[segment, purpose] = ResponseCurve.fit(
                    counts.spend,
                    counts.successes,
                    counts.trials,
                    today=spend / heads if heads else None,
                )
            except (DataError, ParameterError) as problem:
                said = f"{notes.get(segment, '')} no curve of {purpose}: {problem}"
                notes[segment] = said.strip()
    return fits, notes


def spread_slope(
    now: pd.DataFrame, fits: Fits, members: list[str], purpose: Purpose, *, seed: int
) -> tuple[float, Array] | None:
    """Return successes per unit of money spread as today over the members, and draws of them."""
    spent = now.loc[members, COLUMNS[purpose][0]].to_numpy(float)
    if any((member, purpose) not in fits for member in members) or not spent.sum():
        return None
    best, drawn = 0.0, np.zeros(_DRAWS)
    for place, (member, share) in enumerate(zip(members, spent / spent.sum(), strict=True)):
        fit = fits[member, purpose]
        today = np.asarray(fit.curve.spend)
        pair = fit.draws(_DRAWS, seed=seed + 1000 * place + PURPOSES.index(purpose)).to_numpy().T
        best += share * float(fit.curve.slope_at(today))
        drawn += share * exponential_slope(pair[0], pair[1], today)
    return best, drawn
