"""From Parquet to customers: this package against SQL written by hand and against lifetimes.

    python benchmarks/customers.py                      # 1e6 and 1e7 rows, SQL beside
    python benchmarks/customers.py --rows 1e6 1e7 1e8 2e8 --lifetimes PYTHON

PYTHON is that of an environment with lifetimes 0.11.3 and a pandas that it works with, such as
``uv venv --python 3.11 /tmp/lt && uv pip install --python /tmp/lt lifetimes==0.11.3 'pandas<2.2'
'numpy<2' 'scipy<1.13' 'pyarrow<17' 'setuptools<80'``. Each figure is the best of several runs in a
process of its own; CPU is that of all threads; memory is the process's greatest resident set. The
data are made on the spot.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

LARGE = 5e7  # rows from which the customers are collapsed to histories in the engine
MEMORY = "2500MB"  # what DuckDB may use there; the rest is Python and what DuckDB does not count

HAND = """
WITH days AS (
  SELECT customer_id, date, CAST(sum(CAST(round(value * 10000) AS BIGINT)) AS BIGINT) AS parts
  FROM '{path}' GROUP BY ALL
), summed AS (
  SELECT customer_id, count(*) - 1 AS frequency, min(date) AS first, max(date) AS last,
         CAST(sum(parts) AS BIGINT) AS total, arg_min(parts, date) AS first_parts
  FROM days GROUP BY ALL
)
SELECT CAST(customer_id AS VARCHAR) AS customer_id, frequency, (last - first) / 7 AS recency,
       (DATE '2022-12-31' - first) / 7 AS T,
       (total - first_parts) / nullif(frequency, 0) / 10000 AS monetary_value
FROM summed ORDER BY customer_id
"""
CHECKS = """
SELECT count(*), count(customer_id), count(date), count(value), count(*) FILTER (value = 0),
       count(*) FILTER (value < 0), count(*) FILTER (abs(value) > 9e11), min(date), max(date)
FROM '{path}'
"""

OURS = """
import relmark_research as rm
log = rm.read_transactions({path!r})
len(log.customer_summary(unit="week").table)
"""
OURS_LARGE = """
import ibis, tempfile
import relmark_research as rm
with tempfile.TemporaryDirectory(dir={folder!r}) as spill:
    engine = ibis.duckdb.connect(memory_limit={memory!r}, temp_directory=spill, threads=2,
                                 preserve_insertion_order=False)
    log = rm.read_transactions({path!r}, engine=engine)
    len(log.distinct_histories(unit="week").table)
"""
BY_HAND = """
import duckdb
engine = duckdb.connect()
engine.execute({checks!r}).fetchall()
len(engine.execute({hand!r}).df())
"""
BY_HAND_UNCHECKED = """
import duckdb
len(duckdb.connect().execute({hand!r}).df())
"""
LIFETIMES = """
import warnings; warnings.simplefilter("ignore")
import pandas as pd
from lifetimes.utils import summary_data_from_transaction_data as summary
rows = pd.read_parquet({path!r})
len(summary(rows, "customer_id", "date", monetary_value_col="value", freq="D",
            observation_period_end="2022-12-31"))
"""

TIMED = """
import json, resource, time
began = time.perf_counter()
{imports}
used = resource.getrusage(resource.RUSAGE_SELF)
start, cpu = time.perf_counter(), used.ru_utime + used.ru_stime
{code}
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps(dict(wall=time.perf_counter() - start, cpu=used.ru_utime + used.ru_stime - cpu,
                      memory=used.ru_maxrss / 1024 ** 2)))
"""


def make(rows: int, path: Path, each: int) -> None:
    """Write a log of three years with so many rows for each customer; a few of them buy most."""
    import duckdb

    engine = duckdb.connect()
    engine.execute("SET preserve_insertion_order = false; SET memory_limit = '3GB'")
    customers = rows // each
    engine.execute(
        f"COPY (SELECT CAST(floor({customers} * pow(random(), 1.6)) AS BIGINT) AS customer_id, "
        "DATE '2020-01-01' + CAST(floor(random() * 1096) AS INTEGER) AS date, "
        f"round(5 - 20 * ln(1 - random()), 2) AS value FROM range({rows})) "
        f"TO '{path}' (FORMAT parquet)"
    )


def measured(python: str, code: str, imports: str, times: int) -> dict[str, float]:
    """Run a piece of code in fresh processes and return the best wall time, CPU and memory."""
    program = TIMED.format(code=code.strip(), imports=imports)
    found = []
    for _ in range(times):
        done = subprocess.run(
            [python, "-W", "ignore", "-c", program], capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        found.append(json.loads(done.stdout[done.stdout.rindex("{") :]))
    return {key: min(run[key] for run in found) for key in found[0]}


def candidates(path: Path, rows: int, lifetimes: str | None) -> dict[str, tuple[str, str, str]]:
    """Name -> (python, code, imports before the clock starts)."""
    hand, checks = HAND.format(path=path), CHECKS.format(path=path)
    warm = (
        "import duckdb, ibis, pandas, pyarrow, relmark_research as rm; ibis.duckdb; rm.ReadOptions"
    )
    if rows >= LARGE:
        code = OURS_LARGE.format(path=str(path), folder=str(path.parent), memory=MEMORY)
        return {"relmark_research, distinct histories": (sys.executable, code, warm)}
    found = {
        "relmark_research": (sys.executable, OURS.format(path=str(path)), warm),
        "SQL by hand, the same checks": (
            sys.executable, BY_HAND.format(hand=hand, checks=checks), "import duckdb, pandas",
        ),
        "SQL by hand, no checks": (
            sys.executable, BY_HAND_UNCHECKED.format(hand=hand), "import duckdb, pandas",
        ),
    }  # fmt: skip
    if lifetimes:
        found["lifetimes 0.11.3"] = (lifetimes, LIFETIMES.format(path=str(path)), "import pandas")
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", type=float, default=[1e6, 1e7])
    parser.add_argument("--lifetimes", metavar="PYTHON", help="python with lifetimes 0.11.3")
    parser.add_argument("--each", type=int, default=10, help="rows of a customer on average")
    parser.add_argument("--times", type=int, default=3, help="runs, of which the best counts")
    asked = parser.parse_args()
    print(f"{'rows':>12}  {'what':38}{'wall s':>9}{'CPU s':>9}{'GB':>7}")
    with tempfile.TemporaryDirectory(prefix="relmark-bench-") as folder:
        for rows in map(int, asked.rows):
            path = Path(folder) / f"{rows}.parquet"
            make(rows, path, asked.each)
            for name, (python, code, imports) in candidates(path, rows, asked.lifetimes).items():
                best = measured(python, code, imports, 1 if rows >= LARGE else asked.times)
                shown = f"{best['wall']:9.2f}{best['cpu']:9.2f}{best['memory']:7.2f}"
                print(f"{rows:12,}  {name:38}{shown}", flush=True)
            path.unlink()


if __name__ == "__main__":
    main()
