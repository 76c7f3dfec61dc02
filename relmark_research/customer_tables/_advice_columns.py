"""The advice of a table of customers, with the verdict of its evidence.

Advice needs an effect that was measured. The effect of an action is assumed unless the user names
the experiment that measured it. Ending a relationship needs none: its gain is the cost to serve
less the expected contribution.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from relmark_research.economics.next_action.actions import ACTIONS
from relmark_research.economics.next_action.next_best_action import Recommendations
from relmark_research.errors import ParameterError, unknown_name
from relmark_research.evidence import advice_verdict

ADVICE_COLUMNS = ("advice", "advice_verdict", "advice_reason", "advice_evidence")

NOT_ASKED = "no advice: no measured effect of an action was given"
NOT_ADVISED = "the customer is not among those advised on"
NO_ACTION, END = "keep", "end"
_BY_FORECAST = "forecast of contribution and cost to serve; no effect is assumed"


def check_measured(measured: Mapping[str, str]) -> None:
    """Raise ParameterError for an unknown action, or one without words on its experiment."""
    for action, words in measured.items():
        if action not in ACTIONS or action == NO_ACTION:
            raise ParameterError(unknown_name("measured action", action, ACTIONS[1:]))
        if not isinstance(words, str) or not words.strip():
            raise ParameterError(
                f"measured: expected words on the experiment behind {action!r}, such as 'e-mail "
                f"test of March 2024, 4,000 customers randomised'; found {words!r}."
            )


def advice_columns(
    ids: pd.Index, advice: Recommendations | None, measured: Mapping[str, str]
) -> pd.DataFrame:
    """Return the advice of each customer, in the order of the ids.

    Parameters
    ----------
    ids
        The customers.
    advice
        What `recommend` returned; None for no advice.
    measured
        By action, words on the experiment that measured its effect.

    Returns
    -------
    DataFrame
        Index as given; advice (the action; missing where its effect was not measured),
        advice_verdict (do, stop or test, from the probability of a gain; missing without advice
        and for keep), advice_reason and advice_evidence.
    """
    check_measured(measured)
    if advice is None:
        empty = dict.fromkeys(ADVICE_COLUMNS)
        return pd.DataFrame(empty | {"advice_reason": NOT_ASKED}, index=ids, dtype="str")
    rows = advice.table.reindex(ids)
    action = rows["action"].astype(object).to_numpy()
    known = pd.notna(action)
    evidence = dict(measured) | {END: measured.get(END, _BY_FORECAST)}
    any_measured = bool(set(measured) - {END})
    carried = np.array([each in evidence or (each == NO_ACTION and any_measured)
                        for each in action], dtype=bool)  # fmt: skip
    nothing = np.full(len(rows), None, dtype=object)
    assumed = [f"no advice: the effect of {each!r} is assumed, not measured" for each in action]
    found = {
        "advice": np.where(carried, action, nothing),
        "advice_verdict": np.where(carried, _verdicts(rows["certainty"].to_numpy(float)), nothing),
        "advice_reason": np.select(
            [~known, carried, action == NO_ACTION],
            [NOT_ADVISED, rows["reason"], "no advice: the effects of all actions are assumed"],
            np.array(assumed, dtype=object),
        ),
        "advice_evidence": [
            evidence.get(each) if has else None for each, has in zip(action, carried, strict=True)
        ],
    }
    return pd.DataFrame(found, index=ids).astype("str")


def _verdicts(certainty: np.ndarray) -> np.ndarray:
    """Return the verdict of each probability of a gain; None where there is none."""
    codes, values = pd.factorize(certainty)
    verdicts = np.array([*(advice_verdict(float(each)) for each in values), None], dtype=object)
    return verdicts[codes]
