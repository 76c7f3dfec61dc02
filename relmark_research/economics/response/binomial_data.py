"""What was spent per head and what it brought: the data of a response curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from relmark_research.economics.response.curve_shapes import Array
from relmark_research.errors import DataError


@dataclass(frozen=True)
class Counts:
    """Spends per head with what they brought, checked: arrays of one length."""

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
                "spend, successes and trials must be columns of one length; found lengths "
                f"{', '.join(str(part.shape) for part in columns)}."
            )
        for name, part in zip(vars(self), columns, strict=True):
            object.__setattr__(self, name, part)
        self._check()

    def _check(self) -> None:
        _refuse("spend must be finite and 0 or more", self.spend, ~_counted(self.spend))
        _refuse(
            "trials must be finite and above 0", self.trials, ~_counted(self.trials, above=True)
        )
        wrong = ~((self.successes >= 0) & (self.successes <= self.trials))
        _refuse("successes must be between 0 and the trials", self.successes, wrong)
        if len(np.unique(self.spend)) < 2:
            raise DataError(
                f"a curve needs at least 2 different spends; found {len(np.unique(self.spend))} in "
                f"{len(self.spend)} rows. Vary the spend, or give a ceiling by judgement: "
                "ResponseCurve(ceiling=..., rate=..., spend=...)."
            )
        if self.successes.sum() in (0, self.trials.sum()):
            raise DataError(
                f"a curve needs successes and failures; found {self.successes.sum():,.0f} "
                f"successes in {self.trials.sum():,.0f} trials."
            )

    def log_likelihood(self, rate: Array) -> Array:
        """Return the binomial log-likelihood (without its constant) over the last axis."""
        hit = special.xlogy(self.successes, rate)
        miss = special.xlog1py(self.trials - self.successes, -rate)
        return (hit + miss).sum(axis=-1)


def _counted(values: Array, *, above: bool = False) -> Array:
    return np.isfinite(values) & ((values > 0) if above else (values >= 0))


def _refuse(rule: str, values: Array, wrong: Array) -> None:
    if wrong.any():
        rows = ", ".join(map(str, np.flatnonzero(wrong)[:3]))
        raise DataError(
            f"{rule}; found {values[wrong][0]:g} ({wrong.sum():,} of {len(values):,} rows, first: "
            f"{rows}). Mend these rows."
        )
