"""From Parquet to customers: this package against SQL written by hand and against lifetimes.

    python benchmarks/customers.py                      # 1e6 and 1e7 rows, SQL beside
    python benchmarks/customers.py --lifetimes PYTHON   # and lifetimes
    python benchmarks/customers.py --rows 1e6 1e7 1e8 2e8 --times 1
    python benchmarks/customers.py --ids text --returns 0.01

PYTHON is that of an environment with lifetimes 0.11.3 and a pandas that it works with, such as
``uv venv --python 3.11 lt && uv pip install --python lt lifetimes==0.11.3 'pandas<2.2' 'numpy<2'
'scipy<1.13' 'pyarrow<17' 'setuptools<80'``.

The data are made on the spot: three years of days, values to the cent, ten rows per customer, of
whom a few buy most; ids are whole numbers, or text such as ``C0012345`` (``--ids text``). With
``--returns``, so large a share of the rows is negative, and the SQL nets the returns of the
customers who have one; a check before the clock starts holds both to the same customers. Each run
is a process of its own that has imported its packages before the clock starts. The candidates run
in turn, and the table shows medians of wall time, CPU of all threads (its minimum too: compare that
where other processes share the machine) and the greatest resident set, and how many times ours the
times are.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

LARGE = 5e7  # rows from which the customers are collapsed to histories in the engine
SAME_ROWS = 1e7  # up to which the SQL's customers are compared with ours
MEMORY = "2500MB"  # what DuckDB may use there; the rest is Python and what DuckDB does not count

HAND = """
WITH days AS (
  SELECT customer_id, date, sum(round(value * 10000)) AS parts FROM '{path}' GROUP BY ALL
), summed AS (
  SELECT customer_id, count(*) - 1 AS frequency, min(date) AS first, max(date) AS last,
         sum(parts) AS total, arg_min(parts, date) AS first_parts
  FROM days GROUP BY ALL
)
SELECT CAST(customer_id AS VARCHAR) AS customer_id, frequency, (last - first) / 7 AS recency,
       (DATE '2022-12-31' - first) / 7 AS T,
       (total - first_parts) / nullif(frequency * 10000, 0) AS monetary_value
FROM summed ORDER BY summed.customer_id
"""
HAND_NET = """
WITH days AS MATERIALIZED (
  SELECT customer_id, date, sum(round(value * 10000)) AS parts,
         max(round(value * 10000)) AS largest
  FROM '{path}' GROUP BY ALL
), affected AS MATERIALIZED (
  SELECT DISTINCT customer_id FROM days WHERE parts < 0
), sums AS (
  SELECT *, sum(parts) OVER w AS to_end FROM days SEMI JOIN affected USING (customer_id)
  WINDOW w AS (PARTITION BY customer_id ORDER BY date DESC)
), maxima AS (
  SELECT *, greatest(max(to_end) OVER w, 0) AS largest_to_end FROM sums
  WINDOW w AS (PARTITION BY customer_id ORDER BY date DESC)
), netted AS (
  SELECT customer_id, date,
         largest_to_end - coalesce(lag(largest_to_end) OVER w, 0) AS parts, largest
  FROM maxima WINDOW w AS (PARTITION BY customer_id ORDER BY date DESC)
), bought AS (
  SELECT customer_id, date, parts FROM (
    SELECT * FROM days ANTI JOIN affected USING (customer_id) UNION ALL SELECT * FROM netted
  ) WHERE largest = 0 OR (largest > 0 AND parts > 0)
), summed AS (
  SELECT customer_id, count(*) - 1 AS frequency, min(date) AS first, max(date) AS last,
         sum(parts) AS total, arg_min(parts, date) AS first_parts
  FROM bought GROUP BY ALL
)
SELECT CAST(customer_id AS VARCHAR) AS customer_id, frequency, (last - first) / 7 AS recency,
       (DATE '2022-12-31' - first) / 7 AS T,
       (total - first_parts) / nullif(frequency * 10000, 0) AS monetary_value
FROM summed ORDER BY summed.customer_id
"""
CHECKS = """
SELECT count(*), count(customer_id), count(date), count(value), count(*) FILTER (value = 0),
       count(*) FILTER (value < 0), count(*) FILTER (abs(value) > 9e11), min(date), max(date)
FROM '{path}'
"""
PLAIN = """
SELECT customer_id, count(*) - 1 AS frequency, (max(date) - min(date)) / 7 AS recency,
       (DATE '2022-12-31' - min(date)) / 7 AS T,
       (sum(value) - arg_min(value, date)) / nullif(count(*) - 1, 0) AS monetary_value
FROM (SELECT customer_id, date, sum(value) AS value FROM '{path}' GROUP BY ALL) GROUP BY ALL
"""

OURS = """
log = rm.read_transactions({path!r})
len(log.customer_summary(unit="week").table)
"""
OURS_LARGE = """
with tempfile.TemporaryDirectory(dir={folder!r}) as spill:
    engine = ibis.duckdb.connect(memory_limit={memory!r}, temp_directory=spill, threads=2,
                                 preserve_insertion_order=False)
    log = rm.read_transactions({path!r}, engine=engine)
    len(log.distinct_histories(unit="week").table)
"""
BY_HAND = """
engine = duckdb.connect()
engine.execute({checks!r}).fetchall()
len(engine.execute({hand!r}).to_arrow_table().to_pandas())
"""
BY_HAND_PLAIN = """
len(duckdb.connect().execute({plain!r}).to_arrow_table().to_pandas())
"""
SAME = """
ours = rm.read_transactions({path!r}).customer_summary(unit="week").table.reset_index()
hand = duckdb.connect().execute({hand!r}).to_arrow_table().to_pandas()
pandas.testing.assert_frame_equal(ours, hand, check_dtype=False)
"""
LIFETIMES = """
rows = pd.read_parquet({path!r})
len(summary(rows, "customer_id", "date", monetary_value_col="value", freq="D",
            observation_period_end="2022-12-31"))
"""

OUR_IMPORTS = """
import duckdb, ibis, pandas, pyarrow, tempfile
import relmark_research as rm
ibis.duckdb, rm.read_transactions, rm.ReadOptions
"""
SQL_IMPORTS = "import duckdb, pandas, pyarrow"
LIFETIMES_IMPORTS = """
import warnings; warnings.simplefilter("ignore")
import pandas as pd
import pyarrow.parquet
from lifetimes.utils import summary_data_from_transaction_data as summary
"""

TIMED = """
import json, resource, time
{imports}
used = resource.getrusage(resource.RUSAGE_SELF)
start, cpu = time.perf_counter(), used.ru_utime + used.ru_stime
{code}
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps(dict(wall=time.perf_counter() - start, cpu=used.ru_utime + used.ru_stime - cpu,
                      memory=used.ru_maxrss / 1024 ** 2)))
"""


def make(rows: int, path: Path, *, each: int, ids: str, returns: float) -> None:
    """Write a log of three years with so many rows for each customer; a few of them buy most."""
    import duckdb

    engine = duckdb.connect()
    engine.execute("SET preserve_insertion_order = false; SET memory_limit = '3GB'")
    customer = f"CAST(floor({rows // each} * pow(random(), 1.6)) AS BIGINT)"
    if ids == "text":
        customer = f"format('C{{:07d}}', {customer})"
    engine.execute(
        f"COPY (SELECT {customer} AS customer_id, "
        "DATE '2020-01-01' + CAST(floor(random() * 1096) AS INTEGER) AS date, "
        f"round(5 - 20 * ln(1 - random()), 2) * CASE WHEN random() < {returns} THEN -1 ELSE 1 END "
        f"AS value FROM range({rows})) "
        f"TO '{path}' (FORMAT parquet)"
    )


def run(python: str, code: str, imports: str) -> dict[str, float]:
    """Run a piece of code in a fresh process and return its wall time, CPU and memory."""
    program = TIMED.format(code=code.strip(), imports=imports.strip())
    done = subprocess.run([python, "-W", "ignore", "-c", program], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout[done.stdout.rindex("{") :])


def medians(candidates: dict[str, tuple[str, str, str]], times: int) -> dict[str, dict[str, float]]:
    """Run the candidates in turn, so many times, and return the median of each figure."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in candidates}
    for _ in range(times):
        for name, candidate in candidates.items():
            runs[name].append(run(*candidate))
    return {
        name: {key: statistics.median(one[key] for one in found) for key in found[0]}
        | {"least": min(one["cpu"] for one in found)}
        for name, found in runs.items()
    }


def candidates_of(
    path: Path, rows: int, lifetimes: str | None, *, returns: bool
) -> dict[str, tuple[str, str, str]]:
    """Name -> (python, code, imports before the clock starts); ours first."""
    if rows >= LARGE:
        code = OURS_LARGE.format(path=str(path), folder=str(path.parent), memory=MEMORY)
        return {"relmark-research, distinct histories": (sys.executable, code, OUR_IMPORTS)}
    query = (HAND_NET if returns else HAND).format(path=path)
    hand = BY_HAND.format(hand=query, checks=CHECKS.format(path=path))
    plain = BY_HAND_PLAIN.format(plain=PLAIN.format(path=path))
    if rows <= SAME_ROWS:
        run(sys.executable, SAME.format(path=str(path), hand=query), OUR_IMPORTS)
    found = {
        "relmark-research": (sys.executable, OURS.format(path=str(path)), OUR_IMPORTS),
        "SQL by hand, same checks and sums": (sys.executable, hand, SQL_IMPORTS),
    }
    if not returns:
        found["SQL by hand, no checks or order"] = (sys.executable, plain, SQL_IMPORTS)
    if lifetimes and not returns:
        found["lifetimes 0.11.3"] = (lifetimes, LIFETIMES.format(path=str(path)), LIFETIMES_IMPORTS)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", type=float, default=[1e6, 1e7])
    parser.add_argument("--lifetimes", metavar="PYTHON", help="python with lifetimes 0.11.3")
    parser.add_argument("--each", type=int, default=10, help="rows of a customer on average")
    parser.add_argument("--ids", choices=("number", "text"), default="number")
    parser.add_argument("--returns", type=float, default=0.0, help="share of negative rows")
    parser.add_argument("--times", type=int, default=5, help="runs, of which the median counts")
    asked = parser.parse_args()
    print("| rows | what | wall s | CPU s | least CPU s | times our wall | CPU | least CPU | GB |")
    print("|---:|---|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory(prefix="relmark-bench-") as folder:
        for rows in map(int, asked.rows):
            path = Path(folder) / f"{rows}.parquet"
            make(rows, path, each=asked.each, ids=asked.ids, returns=asked.returns)
            candidates = candidates_of(path, rows, asked.lifetimes, returns=asked.returns > 0)
            found = medians(candidates, asked.times)
            ours = next(iter(found.values()))
            for name, it in found.items():
                ratios = " | ".join(
                    f"{it[key] / ours[key]:.2f}" for key in ("wall", "cpu", "least")
                )
                times = f"{it['wall']:.2f} | {it['cpu']:.2f} | {it['least']:.2f} | {ratios}"
                print(f"| {rows:,} | {name} | {times} | {it['memory']:.2f} |", flush=True)
            path.unlink()


if __name__ == "__main__":
    main()
