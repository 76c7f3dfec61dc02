"""What a comparison of models shows: a table, the model to use, and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from relmark_research.clv.fitting import Fit


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
        fit; seconds that it took; alive (sum of P(alive) at the cut); naive (whether it is only
        there for comparison). Missing where a forecast says no probabilities.
    best
        Name of the model with the highest log score.
    choice
        Name of the model to use: of those whose log score cannot be told from the best, the one
        whose total came nearest.
    fits
        Each model's fit to the calibration.
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
        return pd.DataFrame(
            {
                "Behind, per 1,000": (1000 * table["behind"]).round(1),
                "Error of total": table["bias"],
                "Mean error": table["mean_absolute_error"].round(3),
                "Within 90%": table["coverage_90"],
                "Still there": table["alive"].round(),
                "Seconds": table["seconds"].round(2),
            }
        )

    @property
    def words(self) -> str:
        """Which model foretold the holdout best, by how much, and what that is worth."""
        said = [self._ranking(), self._chosen(), self._gain(), self._shared_bias()]
        return " ".join(filter(None, said))

    @property
    def words_on_leaving(self) -> str:
        """Whether the models agree on what customers do and on how many are left."""
        models = self._models().sort_values("alive")
        if len(models) < 2:
            return ""
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

    def _models(self) -> pd.DataFrame:
        return self.table[~self.table["naive"]]

    def _near(self) -> list[str]:
        """Return the models that cannot be told from the best by their log score."""
        models = self._models()
        return models.index[models["behind_low"] <= 0].to_list()

    def _ranking(self) -> str:
        models = self._models()
        others = [name for name in self._near() if name != self.best]
        far = models[models["behind_low"] > 0]
        if len(models) == 1:
            return f"{self.best} was the only model tried."
        text = f"{self.best} foretold the months kept back best"
        if others:
            text += f"; {_listed(others)} did as well, within chance"
        if len(far):
            each = [f"{name} (by {row['behind']:.3f})" for name, row in far.iterrows()]
            text += f"; behind it in log score per customer: {_listed(each)}"
        return f"{text}."

    def _chosen(self) -> str:
        if self.choice == self.best:
            return ""
        bias = self.table["bias"]
        against = _listed([f"{bias[name]:+.0%}" for name in self._near() if name != self.choice])
        text = (
            f"Of those that did as well {self.choice} came nearest in total "
            f"({bias[self.choice]:+.0%} against {against}), so it is the one to use."
        )
        return text.replace("-", "\N{MINUS SIGN}")

    def _gain(self) -> str:
        used, none = self.table.loc[self.choice], self.table.loc["NBD"]
        less = 1 - used["mean_absolute_error"] / none["mean_absolute_error"]
        if none["behind_low"] <= 0:
            return f"{self.choice} did no better than to suppose that nobody leaves."
        than = "smaller" if less >= 0 else "larger"
        return (
            "To suppose that nobody ever leaves would be worse: the mean error of "
            f"{self.choice} by customer is {abs(less):.0%} {than}."
        )

    def _shared_bias(self) -> str:
        bias = self._models()["bias"]
        if not ((bias < -0.02).all() or (bias > 0.02).all()):
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


def _listed(names: Sequence[str]) -> str:
    """Return names as a reader lists them: a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
