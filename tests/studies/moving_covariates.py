"""How often intervals with covariates that change with time hold the truth, by simulation.

Run it: ``python -m tests.studies.moving_covariates MODEL [RUNS] [FILE]``; MODEL is one of
`tests.clv.covariates.moving.MODELS`, and FILE takes the rows. A log has purchase-days: purchases of
one day count once. The covariates change every 28 days (Pareto/NBD, which takes longer: 14), and
the time of the models is stretched with them, so that hardly two purchases fall on one day.
"""

import sys
import time
import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd

import relmark_research as rm
from tests.clv.covariates.moving import EFFECTS, MODELS, drawn, start

STEPS, KNOWN = 78, 52  # steps of the covariates, and those before the forecast
SIZES = dict.fromkeys(MODELS, (500, 28)) | {"ParetoNBD": (300, 14)}  # customers, days a step
Z = 1.959964


def truth(model, step: int) -> np.ndarray:
    """Return the logarithms of the parameters per week, and the effects."""
    logs, names = np.log(model.values), list(model.names())
    for name in {"alpha", "beta"} & set(names):
        logs[names.index(name)] += np.log(step / 7)
    return np.concatenate([logs, EFFECTS])


def one_run(name: str, seed: int) -> dict[str, object]:
    """Return what one fit says beside the truth."""
    model, (customers, step) = MODELS[name], SIZES[name]
    table, log = drawn(model, customers, STEPS, seed, step)
    at = (start(step) + pd.Timedelta(days=step * KNOWN - 1)).date()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = rm.clv.fit_covariates(
            type(model), log.until(at), rate="season + campaign", covariates=table
        )
        return _beside_the_truth(fit, truth(model, step), log.split(at=at).calibration, step, seed)


def _beside_the_truth(fit, right, known, step, seed) -> dict[str, object]:
    """Return a fit's estimates and its forecast in standard errors from the truth."""
    days = step * (STEPS - KNOWN)
    row = {"seed": seed, "status": fit.diagnosis.status, "refused": bool(fit.no_interval)}
    history = known.frequency, known.recency, known.T
    exact = fit.models_for(known, right[None])[0]
    row["exact"] = exact.conditional_expected_purchases(days / 7, *history).sum()
    if not row["refused"]:
        total = rm.clv.total_purchases(fit, known, horizon=f"{days} days")
        row["low"], row["high"] = total.low, total.high
    effects = fit.effects().loc["rate"]
    z = (effects["estimate"] - EFFECTS) / effects["standard_error"]
    return row | {f"z_{term}": value for term, value in z.items()}


def runs(name: str, count: int) -> Iterator[dict[str, object]]:
    """Yield the rows of some runs, with other seeds for each model."""
    first = 100_000 * (1 + list(MODELS).index(name))
    for run in range(count):
        yield one_run(name, first + 10 * run)


def coverage(table: pd.DataFrame) -> pd.Series:
    """Return the share of intervals that hold the truth: of totals, in the runs that have one."""
    held = {effect: (table[f"z_{effect}"].abs() < Z).mean() for effect in ("season", "campaign")}
    some = table[~table["refused"].astype(bool)]
    held["total"] = some["exact"].between(some["low"], some["high"]).mean()
    return pd.Series(held)


def main() -> None:
    name, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60
    began, rows = time.monotonic(), list[dict[str, object]]()
    for row in runs(name, count):
        rows.append(row)
        if len(sys.argv) > 3:
            pd.DataFrame(rows).to_csv(sys.argv[3], index=False)
    found = pd.DataFrame(rows)
    print(f"{name}, {count} runs, {time.monotonic() - began:.0f} s")
    print(f"refused: {found['refused'].sum()}; {found['status'].value_counts().to_dict()}")
    print(coverage(found).round(3).to_string())


if __name__ == "__main__":
    main()
