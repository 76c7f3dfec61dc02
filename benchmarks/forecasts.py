"""Forecasts of totals beside the peers: the same logs, origins and customers, one run.

    python -m benchmarks.forecasts [--data DIR] [--origins 8] [--weeks 13 26 52]
        [--peers lifetimes pymc-marketing] [--folder DIR] [--out FILE]

At each origin every tool forecasts the purchases of the customers known then. The peers fit their
BG/NBD to the same histories; pymc-marketing by its maximum a posteriori, since sampling each
origin takes minutes. Neither states a range for the total, so theirs have none to score. The table
shows the mean error of the total, how often our 95% ranges held, and the seconds per origin.
DIR holds the logs of `make studies DATA=DIR`; without it there is CDNOW.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.clv import OURS, PEERS, installed, machine


def lifetimes(history: dict[str, np.ndarray], weeks: float) -> float:
    """Return the expected total by lifetimes' BG/NBD."""
    import lifetimes as peer

    columns = [history[name] for name in ("frequency", "recency", "T")]
    fitter = peer.BetaGeoFitter(penalizer_coef=0.0).fit(*columns)
    found = fitter.conditional_expected_number_of_purchases_up_to_time(weeks, *columns)
    return float(np.nansum(found))


def pymc_marketing(history: dict[str, np.ndarray], weeks: float) -> float:
    """Return the expected total by pymc-marketing's BG/NBD."""
    import pandas as pd
    from pymc_marketing import clv as peer

    table = pd.DataFrame(history).rename_axis("customer_id").reset_index()
    model = peer.BetaGeoModel(data=table)
    model.fit(method="map", progressbar=False)
    return float(model.expected_purchases(data=table, future_t=weeks).sum())


TOOLS = {"lifetimes": lifetimes, "pymc-marketing": pymc_marketing}


def work(tool: str, path: str) -> None:
    """Forecast every origin of a file in this process, and print totals and seconds as JSON."""
    found = []
    with np.load(path) as file:
        for number in range(int(file["origins"])):
            names = ("frequency", "recency", "T")
            history = {name: file[f"{name}_{number}"].astype(float) for name in names}
            began = time.perf_counter()
            try:
                total = TOOLS[tool](history, float(file["weeks"]))
            except (ValueError, RuntimeError, ArithmeticError) as error:  # is a result
                print(f"{tool}, origin {number}: {error}", file=sys.stderr)
                total = float("nan")
            found.append((total, time.perf_counter() - began))
    print(json.dumps(found))


def written(log, table, weeks: int, path: Path) -> None:
    """Write the histories at each origin to a file for the peers."""
    columns: dict[str, object] = {"origins": len(table), "weeks": weeks}
    for number, day in enumerate(table["origin"]):
        summary = log.until(day).customer_summary(unit="week").table
        for name in ("frequency", "recency", "T"):
            columns[f"{name}_{number}"] = summary[name].to_numpy(float)
    np.savez(path, **columns)


def compared(name: str, log, weeks: int, asked: argparse.Namespace, pythons, folder) -> list[str]:
    """Return the lines of one log and horizon."""
    import relmark_research as rm

    began = time.perf_counter()
    tested = rm.backtest(log, horizon=f"{weeks} weeks", origins=asked.origins)
    seconds = (time.perf_counter() - began) / max(len(tested.issued), 1)
    issued = tested.issued
    if not len(issued):
        return []
    error = issued["error"].abs().mean()
    held = f"{tested.held} of {len(issued)}"
    lines = [f"| {name} | {weeks} | {OURS} | {error:.1%} | {held} | {seconds:.2f} |"]
    for benchmark, row in tested.summary().query("benchmark").iterrows():
        lines.append(f"| {name} | {weeks} | {benchmark} | {row['error']:.1%} | | |")
    path = folder / "histories.npz"
    written(log, issued, weeks, path)
    for tool, python in pythons.items():
        command = [python, "-m", "benchmarks.forecasts", "--work", tool, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{tool}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
            continue
        found = np.array(json.loads(done.stdout.strip().splitlines()[-1]), float)
        errors = np.abs(found[:, 0] / issued["actual"].to_numpy() - 1)
        lines.append(
            f"| {name} | {weeks} | {tool} | {np.nanmean(errors):.1%} | no range "
            f"| {found[:, 1].mean():.2f} |"
        )
    return lines


def main() -> None:
    """Print the table of logs, horizons and tools."""
    if sys.argv[1:2] == ["--work"]:
        return work(sys.argv[2], sys.argv[3])
    ask = argparse.ArgumentParser()
    ask.add_argument("--data", help="folder with the logs of the studies")
    ask.add_argument("--origins", type=int, default=8)
    ask.add_argument("--weeks", type=int, nargs="*", default=[13, 26, 52])
    ask.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    ask.add_argument("--folder", type=Path, help="where environments are kept")
    ask.add_argument("--out", type=Path, help="file for the table, besides the screen")
    asked = ask.parse_args()
    if asked.data:
        os.environ["RELMARK_DATA"] = asked.data
    from tests.studies import logs

    lines = ["| log | weeks | forecast by | mean error | 95% range held | s per origin |"]
    lines.append("|---|---:|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as own:
        folder = (asked.folder or Path(own)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        known = {tool: installed(tool, folder) for tool in asked.peers}
        pythons = {tool: python for tool, python in known.items() if python}
        for name, read in logs.available().items():
            log = read()
            for weeks in asked.weeks:
                lines += compared(name, log, weeks, asked, pythons, folder)
                print(lines[-1], file=sys.stderr, flush=True)
    text = machine() + "\n\n" + "\n".join(lines) + "\n"
    if asked.out:
        asked.out.write_text(text)
    print(text)
    return None


if __name__ == "__main__":
    main()
