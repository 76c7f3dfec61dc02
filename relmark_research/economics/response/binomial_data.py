"""Binomial response data: spend per head, successes and trials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from relmark_research._repr import short_repr
from relmark_research.economics.response.curve_shapes import Array
from relmark_research.errors import DataError


@short_repr
@dataclass(frozen=True, repr=False)
class BinomialData:
    """Checked arrays of one length: spend per head, successes and trials."""

    spend: Array
    successes: Array
    trials: Array

    def __post_init__(self) -> None:
        try:
            columns = [np.atleast_1d(np.asarray(part, float)) for part in vars(self).values()]
        except (TypeError, ValueError) as error:
            raise DataError(f"spend, successes and trials must be numbers; {error}.") from error
        sizes = {len(part) for part in columns}
        if len(sizes) != 1 or any(part.ndim != 1 for part in columns):
            raise DataError(
                "spend, successes and trials must be columns of equal length; found shapes "
                f"{', '.join(str(part.shape) for part in columns)}."
            )
        for name, part in zip(vars(self), columns, strict=True):
            object.__setattr__(self, name, part)
        self._check()

    def _check(self) -> None:
        valid = np.isfinite(self.spend) & (self.spend >= 0)
        _require("spend must be finite and 0 or more", self.spend, valid)
        valid = np.isfinite(self.trials) & (self.trials > 0)
        _require("trials must be finite and above 0", self.trials, valid)
        valid = (self.successes >= 0) & (self.successes <= self.trials)
        _require("successes must be between 0 and the number of trials", self.successes, valid)
        if len(np.unique(self.spend)) < 2:
            raise DataError(
                f"a response curve needs at least 2 different spends; found "
                f"{len(np.unique(self.spend))} in {len(self.spend)} rows. Vary the spend, or set a "
                "ceiling by judgement: ResponseCurve(ceiling=..., rate=..., spend=...)."
            )
        if self.successes.sum() in (0, self.trials.sum()):
            raise DataError(
                f"a response curve needs successes and failures; found {self.successes.sum():,.0f} "
                f"successes in {self.trials.sum():,.0f} trials."
            )

    def log_likelihood(self, rate: Array) -> Array:
        """Return the binomial log-likelihood (without its constant) over the last axis."""
        successes = special.xlogy(self.successes, rate)
        failures = special.xlog1py(self.trials - self.successes, -rate)
        return (successes + failures).sum(axis=-1)

    def _summary(self) -> dict[str, object]:
        return {
            "rows": len(self.spend),
            "spend": f"{self.spend.min():.4g} to {self.spend.max():.4g}",
            "successes": self.successes.sum(),
            "trials": self.trials.sum(),
        }


def _require(rule: str, values: Array, valid: Array) -> None:
    if not valid.all():
        rows = ", ".join(map(str, np.flatnonzero(~valid)[:3]))
        raise DataError(
            f"{rule}; found {values[~valid][0]:g} ({(~valid).sum():,} of {len(values):,} rows, "
            f"first: {rows}). Correct these rows."
        )
