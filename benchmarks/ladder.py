"""Assign and estimate the ladder of purchases for five million customers over 24 months.

    python benchmarks/ladder.py [--customers 5000000] [--memory 3GB] [--threads 2]

Makes a Parquet file of invented purchases in a temporary folder (not timed), then times reading,
assigning and estimating, and prints wall and CPU seconds and the peak of memory. DuckDB is held to
`--memory`; the peak is that of the whole process, Python included.
"""

import argparse
import itertools
import resource
import tempfile
import time
from pathlib import Path

PERIODS = 24

PURCHASES = """
COPY (
    WITH customers AS (
        SELECT i AS customer_id,
               hash(i, 1) % 640 AS first_day,
               -ln((hash(i, 2) % 1000000 + 1) / 1000001.0) / 45 AS rate,
               1 + hash(i, 3) % 540 AS stays
        FROM range({customers}) t(i)
    ), bought AS (
        SELECT customer_id, first_day, 0 AS lag FROM customers
        UNION ALL
        SELECT customer_id, first_day, CAST(floor((k - hash(customer_id, k, 4) % 1000 / 1000.0)
               / rate) AS INTEGER) AS lag
        FROM customers, LATERAL (SELECT unnest(range(1, 1 + least(60,
             CAST(floor(stays * rate) AS INTEGER)))) AS k)
    )
    SELECT customer_id, DATE '2022-01-01' + CAST(first_day + lag AS INTEGER) AS date,
           10.0 + hash(customer_id, lag) % 90 AS value
    FROM bought
    WHERE first_day + lag < 730
) TO '{path}' (FORMAT parquet)
"""


def make(path: Path, customers: int, memory: str) -> int:
    import duckdb

    with duckdb.connect(config={"memory_limit": memory, "threads": 2}) as engine:
        engine.sql(f"SET temp_directory = '{path.parent}'")
        engine.sql(PURCHASES.format(customers=customers, path=path))
        return engine.sql(f"SELECT count(*) FROM '{path}'").fetchone()[0]


def clock() -> tuple[float, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), used.ru_utime + used.ru_stime


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--customers", type=int, default=5_000_000)
    ask.add_argument("--memory", default="2800MB")
    ask.add_argument("--threads", type=int, default=2)
    given = ask.parse_args()
    with tempfile.TemporaryDirectory(prefix="relmark-ladder-") as folder:
        run(Path(folder), given)


def run(folder: Path, given: argparse.Namespace) -> None:
    import ibis

    import relmark_research as rm

    path = folder / "purchases.parquet"
    if child_makes(path, given):
        raise SystemExit("the purchases could not be made")
    engine = ibis.duckdb.connect(
        memory_limit=given.memory, threads=given.threads, temp_directory=str(folder)
    )
    engine.raw_sql("SET preserve_insertion_order = false")
    marks = [("", clock())]
    log = rm.read_transactions(path, engine=engine)
    marks.append(("read and check", clock()))
    history = rm.PURCHASE_LADDER.assign(log, period="month")
    history.source.stored.count().to_pandas()
    marks.append(("assign", clock()))
    estimate = rm.estimate_transitions(history)
    marks.append(("estimate", clock()))
    intervals = estimate.intervals(0.95)
    tests = estimate.test_homogeneity(), estimate.test_order()
    marks.append(("intervals and tests", clock()))
    report(marks, history, estimate, len(intervals) + len(tests))


def child_makes(path: Path, given: argparse.Namespace) -> int:
    """Make the data in a process of its own, so that its memory is not counted here."""
    import multiprocessing

    child = multiprocessing.get_context("spawn").Process(
        target=make, args=(path, given.customers, given.memory)
    )
    child.start()
    child.join()
    return child.exitcode


def report(marks: list, history: object, estimate: object, answers: int) -> None:
    people, moves = history.customers(), int(estimate.counts.to_numpy().sum())
    print(f"{people:,} customers, {moves:,} moves over {PERIODS} months, {answers} answers")
    for (_, before), (name, after) in itertools.pairwise(marks):
        wall, cpu = after[0] - before[0], after[1] - before[1]
        print(f"{name:22s} {wall:7.1f} s wall {cpu:7.1f} s CPU")
    wall, cpu = (marks[3][1][k] - marks[1][1][k] for k in (0, 1))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{'assign + estimate':22s} {wall:7.1f} s wall {cpu:7.1f} s CPU; peak {peak:.2f} GB")


if __name__ == "__main__":
    main()
