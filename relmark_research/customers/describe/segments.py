"""RFM segments: named groups of scores by rules in YAML, and their behaviour in a holdout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from relmark_research.customers.log.customer_summary import Split
from relmark_research.errors import DataError, ParameterError, first_rows, unknown_name
from relmark_research.stats.intervals import wilson_interval
from relmark_research.tables.given_tables import frame_in_memory
from relmark_research.tables.read_table import read_columns, read_ids

DEFAULT_RULES = Path(__file__).parent / "segments.yml"
RULES_WITHOUT_MONEY = Path(__file__).parent / "segments_without_money.yml"
_SCORES = ("R", "F", "M")


@dataclass(frozen=True)
class SegmentRule:
    """The rule of a segment: ranges of scores.

    Parameters
    ----------
    name
        The segment's name.
    R, F, M
        Lowest and highest score, both included; None for any.
    meaning
        A short description.
    """

    name: str
    R: tuple[int, int] | None = None
    F: tuple[int, int] | None = None
    M: tuple[int, int] | None = None
    meaning: str = ""

    def matches(self, scores: pd.DataFrame) -> np.ndarray:
        """Return whether each row satisfies the rule, shape (rows,)."""
        matched = np.ones(len(scores), dtype=bool)
        for score in _SCORES:
            limits = getattr(self, score)
            if limits is not None:
                matched &= scores[score].between(*limits).to_numpy()
        return matched


def rfm_segments(
    scores: pd.DataFrame, *, rules: Path | str | Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Assign each scored customer to a segment.

    Parameters
    ----------
    scores
        What `rfm_scores` returned.
    rules
        A YAML file or its content, in the format of the package's ``segments.yml``, which is the
        default; for scores without M it is ``segments_without_money.yml``. The first matching rule
        determines the segment.

    Returns
    -------
    DataFrame
        The scores with a column segment, categorical in the order of the rules.

    Raises
    ------
    DataError
        Where a score exceeds the rules' scale, or a customer matches no rule.
    ParameterError
        Where the rules are invalid.

    Examples
    --------
    >>> import relmark_research as rm
    >>> segments = rfm_segments(rm.rfm_scores(rm.load_cdnow()))
    >>> int(segments["segment"].isna().sum()), segments["segment"].cat.categories[0]
    (0, 'champions')
    """
    if not isinstance(scores, pd.DataFrame):
        raise ParameterError(
            f"expected scores, a DataFrame with R, F and M; found {type(scores).__name__}. "
            "Score the log first: rfm_segments(rfm_scores(log))."
        )
    money = "M" in scores or not {"R", "F"} <= set(scores)
    scale, known = _load_rules(_default(rules, money=money))
    used = [score for score in _SCORES if any(getattr(rule, score) for rule in known)]
    for score in used:
        if score not in scores:
            raise DataError(_missing_score(score, scores))
    scores = read_columns(
        scores, {}, name="scores", optional=dict.fromkeys(_SCORES, "whole number")
    )
    given = [score for score in _SCORES if score in scores]
    highest = int(scores[given].to_numpy().max(initial=1))
    if highest > scale:
        raise DataError(
            f"the rules are for scores from 1 to {scale}; found {highest}. "
            f"Score with bins={scale}, or use rules for this scale."
        )
    position = np.full(len(scores), -1)
    for number, rule in enumerate(known):
        position[(position < 0) & rule.matches(scores)] = number
    if (position < 0).any():
        cells = scores.loc[position < 0, "cell"].value_counts()
        raise DataError(
            f"every customer must match a rule; {int((position < 0).sum()):,} match none, with the "
            f"scores {', '.join(cells.index[:5])}. Add a last rule without conditions."
        )
    names = [rule.name for rule in known]
    return scores.assign(segment=pd.Categorical.from_codes(position.tolist(), names, ordered=True))  # type: ignore[call-overload]


def segment_rules(
    rules: Path | str | Mapping[str, Any] | None = None, *, money: bool = True
) -> pd.DataFrame:
    """Return the rules as a table: segment, R, F, M (such as ``"4-5"``), meaning.

    Parameters
    ----------
    rules
        As for `rfm_segments`.
    money
        Whether the scores have M, which decides the default rules; without it M is no column.
    """
    scores = _SCORES if money else _SCORES[:2]
    return pd.DataFrame(
        [
            {"segment": rule.name}
            | {score: _range(getattr(rule, score)) for score in scores}
            | {"meaning": rule.meaning}
            for rule in _load_rules(_default(rules, money=money))[1]
        ]
    )


def segment_behaviour(segments: pd.DataFrame, split: Split) -> pd.DataFrame:
    """Return the behaviour of each segment in the holdout.

    Parameters
    ----------
    segments
        Index customer_id, column segment, from the log until the split.
    split
        The split, with the holdout of these customers.

    Returns
    -------
    DataFrame
        Row per segment that has customers: segment, customers, share, bought (share with a
        purchase in the holdout) with Wilson's 95% interval bought_low and bought_high, purchases
        and value (means per customer), value_share (of the holdout's value). A log without money
        has no columns of value.
    """
    segments = frame_in_memory(segments, "segments")
    segments = segments.set_axis(read_ids(segments.index))
    if not isinstance(segments["segment"].dtype, pd.CategoricalDtype):
        segments = read_columns(segments, {"segment": "choice"}, name="segments")
    missing = ~segments.index.isin(split.holdout.index)
    if missing.any():
        raise DataError(
            f"expected the customers of the split; {missing.sum():,} are not in its calibration, "
            f"first: {first_rows(missing, segments.index)}. Score log.until(...) of the same day."
        )
    after = split.holdout.loc[segments.index].assign(segment=segments["segment"])
    after["bought"] = after["purchases"] > 0
    grouped = after.groupby("segment", observed=True)
    sums = {
        "customers": ("bought", "size"),
        "bought": ("bought", "mean"),
        "purchases": ("purchases", "mean"),
    }
    if "value" in after:
        sums |= {"value": ("value", "mean"), "total": ("value", "sum")}
    table = grouped.agg(**sums)
    bought = grouped["bought"].sum().to_numpy()
    low, high = wilson_interval(bought, table["customers"].to_numpy())
    table.insert(2, "bought_low", low)
    table.insert(3, "bought_high", high)
    table.insert(1, "share", table["customers"] / table["customers"].sum())
    if "total" in table:
        total = table.pop("total")
        table["value_share"] = total / total.sum() if total.sum() else np.nan
    table = table.reset_index()
    return table.assign(segment=table["segment"].astype(str))


def _missing_score(score: str, scores: pd.DataFrame) -> str:
    problem = unknown_name("column", score, scores.columns)
    if score != "M" or not {"R", "F"} <= set(scores):
        return problem
    return (
        f"{problem} Scores of a log without money have no M. Give rules without M: "
        "rfm_segments(scores, rules=...)."
    )


def _range(limits: tuple[int, int] | None) -> str:
    if limits is None:
        return "any"
    return str(limits[0]) if limits[0] == limits[1] else f"{limits[0]}-{limits[1]}"


def _default(rules: Path | str | Mapping[str, Any] | None, *, money: bool) -> Any:
    if rules is not None:
        return rules
    return DEFAULT_RULES if money else RULES_WITHOUT_MONEY


def _load_rules(rules: Path | str | Mapping[str, Any] | None) -> tuple[int, list[SegmentRule]]:
    from relmark_research.tables.yaml_files import read_yaml

    content = rules
    if not isinstance(rules, Mapping):
        path = Path(rules or DEFAULT_RULES)
        if not path.is_file():
            raise ParameterError(f"expected a file of rules; found none at {path}.")
        content = read_yaml(path, error=ParameterError)
    if not isinstance(content, Mapping) or not content.get("segments"):
        raise ParameterError(
            "rules must have a scale and segments, as segments.yml of the package."
        )
    scale = int(content.get("scale", 5))
    return scale, [_rule(one, scale) for one in content["segments"]]


def _rule(one: Mapping[str, Any], scale: int) -> SegmentRule:
    known = ("name", *_SCORES, "meaning")
    for key in one:
        if key not in known:
            raise ParameterError(unknown_name("key of a segment", key, known))
    limits = {}
    for score in _SCORES:
        given = one.get(score)
        if given is None:
            continue
        low, high = (given, given) if isinstance(given, int) else given
        if not 1 <= low <= high <= scale:
            raise ParameterError(
                f"segment {one.get('name')!r}: {score} must be a lowest and a highest score "
                f"within 1 and {scale}; found {given!r}."
            )
        limits[score] = (int(low), int(high))
    return SegmentRule(name=str(one["name"]), meaning=str(one.get("meaning", "")), **limits)
