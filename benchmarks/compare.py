"""Compare this tree with an earlier revision: time, memory and size, on one machine, in turn.

    python benchmarks/compare.py --against v0.1.0 [--rounds 5] [--only import,fit]
        [--limit 1.05] [--json FILE]

The revision is checked out beside this tree for as long as the comparison takes. Both run under
this interpreter, so with the same dependencies, through the public API; a process that finds the
package anywhere but in its own tree is refused. Data are made once, from fixed seeds, by this tree.

- import: `import relmark_research`, and the first use of `rm.BGNBD`
- fit: four models on CDNOW, many times over, and BG/NBD on 100,000 invented customers
- values: values, forecasts and a total with intervals for 50,000 customers
- summary: two million rows of Parquet to customers, and to distinct histories
- report: `relmark run reports/recipes/cdnow.yml`, with the tree's own recipe and notebooks

Every run is a process of its own. Each side first runs once without being measured; then they
alternate: then, here; here, then; and so on (three such pairs in a round for the short import).
CPU seconds (user and system) are those of the process and all that it waited for, memory is the
peak of the largest of these, size is that of the published report. Compiled code is kept in a
folder of its own.

"ratio" is here's median over then's, and decides; "paired" is the median of the ratios of each
pair, which suffers less from a machine that grows busy. Wall time, the parts of a task (their CPU
seconds) and the size of the code are shown, but do not count. Exit codes: 0 every ratio is within
the limit, 1 one is over it, 2 the comparison failed.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).resolve().parents[1]
PACKAGE = "relmark_research"

# Commits of the released versions, since not every clone has their tags.
RELEASED = {"v0.1.0": "09666d3e5bf89cb9b1b8e6ea0ffbc0967886b5a9"}

# Where a name of the public API has changed since a version: version -> {text here: text then}.
RENAMED: dict[str, dict[str, str]] = {}

# This process imports nothing large: a child's peak of memory is never below what its parent held.
DATA = """
import sys
from pathlib import Path

import duckdb
import numpy as np

import relmark_research as rm

folder = Path(sys.argv[2])
columns = ["frequency", "recency", "T", "monetary_value"]
cdnow = rm.load_cdnow(full=True).customer_summary(unit="week").table
np.savez(folder / "cdnow.npz", **{name: cdnow[name].to_numpy() for name in columns})

T = np.random.default_rng(1).integers(189, 273, 100_000) / 7
x, t_x, _ = rm.BGNBD(0.243, 4.414, 0.793, 2.426).simulate(T, seed=2)
spend = rm.GammaGamma(6.25, 3.74, 15.44).simulate(x, seed=3).round(2)
invented = [x.astype("int64"), np.ceil(t_x * 7) / 7, T, spend]
np.savez(folder / "invented.npz", **dict(zip(columns, invented)))

duckdb.sql(f'''
    COPY (
        SELECT CAST(floor(200000 * pow(hash(i, 1) % 1000000 / 1e6, 1.6)) AS BIGINT) AS customer_id,
               DATE '2020-01-01' + CAST(hash(i, 2) % 1096 AS INTEGER) AS date,
               round(5 - 20 * ln(1 - hash(i, 3) % 1000000 / 1e6), 2) AS value
        FROM range(2000000) t(i)
    ) TO '{folder / "log.parquet"}' (FORMAT parquet)
''')
"""

# What every task's script begins with.
PRELUDE = """
import json
import sys
import time
from contextlib import contextmanager
from pathlib import Path

TREE, FOLDER = Path(sys.argv[1]), Path(sys.argv[2])
PARTS = {}


@contextmanager
def part(name):
    began = time.process_time()
    yield
    PARTS[name] = time.process_time() - began


def check():
    import relmark_research

    found = Path(relmark_research.__file__).resolve()
    if not found.is_relative_to(TREE):
        sys.exit(f"relmark_research was to come from {TREE}, and came from {found}")


def customers(name, rows=None):
    import numpy as np
    import pandas as pd

    with np.load(FOLDER / f"{name}.npz") as file:
        return pd.DataFrame({column: file[column][:rows] for column in file.files})

"""

# And what it ends with.
FINISH = """
check()
print(json.dumps(PARTS))
"""

IMPORT = """
with part("import relmark_research"):
    import relmark_research as rm
with part("first use of rm.BGNBD"):
    rm.BGNBD
"""

FIT = """
import relmark_research as rm

cdnow, invented = customers("cdnow"), customers("invented")
plans = {"BGNBD": 60, "MBGNBD": 60, "ParetoNBD": 15, "GammaGamma": 60}
for name, times in plans.items():
    model = getattr(rm, name)
    with part(f"{name}, CDNOW x {times}"):
        for _ in range(times):
            model.fit(cdnow).summary()
with part("BGNBD, 100,000 customers x 20"):
    for _ in range(20):
        rm.BGNBD.fit(invented).summary()
"""

VALUES = """
import relmark_research as rm

known = rm.CustomerSummary(customers("invented", 50_000), unit="week", observed_until="1997-09-30")
purchases, spend = rm.BGNBD.fit(known), rm.GammaGamma.fit(known)
terms = {"margin": 0.3, "annual_discount_rate": 0.1, "horizon": "12 months", "level": 0.95}
with part("lifetime_value x 10"):
    for _ in range(10):
        rm.lifetime_value(purchases, spend, known, **terms)
with part("forecast x 10"):
    for _ in range(10):
        rm.forecast(purchases, known, horizon="52 weeks", level=0.95)
with part("total_value x 10"):
    for _ in range(10):
        rm.total_value(purchases, spend, known, **terms)
"""

SUMMARY = """
import relmark_research as rm

path = FOLDER / "log.parquet"
with part("customer_summary x 3"):
    for _ in range(3):
        len(rm.read_transactions(path).customer_summary(unit="week").table)
with part("distinct_histories x 3"):
    for _ in range(3):
        len(rm.read_transactions(path).distinct_histories(unit="week").table)
"""

REPORT = """
import runpy

check()
sys.argv = ["relmark", "run", "reports/recipes/cdnow.yml", "--out", sys.argv[3]]
runpy.run_module("relmark_research", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class Task:
    """A script, how many pairs of it make a round, and whether it publishes a report."""

    script: str
    pairs: int = 1
    publishes: bool = False

    @property
    def text(self) -> str:
        return PRELUDE + self.script + ("" if self.publishes else FINISH)


TASKS = {
    "import": Task(IMPORT, pairs=3),
    "fit": Task(FIT),
    "values": Task(VALUES),
    "summary": Task(SUMMARY),
    "report": Task(REPORT, publishes=True),
}
CPU, WALL, MEMORY, SIZE = "CPU s", "wall s", "peak MB", "bytes"
COUNTS = (CPU, MEMORY, SIZE)  # a part's figure bears the part's name, and does not count
RSS = 1024**2 if sys.platform == "darwin" else 1024  # of these make a MB


@dataclass(frozen=True)
class Side:
    """A tree of the package, and how the scripts' text differs there."""

    name: str
    tree: Path
    renamed: dict[str, str] = field(default_factory=dict)

    def spelled(self, text: str) -> str:
        """A script in the words of this tree's version."""
        for here, then in self.renamed.items():
            text = text.replace(here, then)
        return text

    def code(self) -> dict[str, int]:
        """How much Python the package holds."""
        files = [path.read_bytes() for path in (self.tree / PACKAGE).rglob("*.py")]
        lines = sum(text.count(b"\n") for text in files)
        return {"files": len(files), "lines": lines, "bytes": sum(map(len, files))}


@dataclass(frozen=True)
class Row:
    """A figure of both sides, from pairs of runs."""

    task: str
    figure: str
    then: list[float]
    here: list[float]

    @property
    def medians(self) -> tuple[float, float]:
        return statistics.median(self.then), statistics.median(self.here)

    @property
    def ratio(self) -> float:
        return over(*self.medians)

    @property
    def paired(self) -> float:
        return statistics.median(map(over, self.then, self.here))

    @property
    def counts(self) -> bool:
        return self.task in TASKS and self.figure in COUNTS

    def line(self, limit: float) -> str:
        """The row as Markdown; what is over the limit is in bold."""
        whole = self.figure == SIZE or self.task == "code"
        digits = 0 if whole else 1 if self.figure == MEMORY else 3
        then, here = (f"{median:,.{digits}f}" for median in self.medians)
        ratio, paired = f"{self.ratio:.3f}", f"{self.paired:.3f}"
        ratio = f"**{ratio}**" if self.counts and self.ratio > limit else ratio
        cells = [self.task, self.figure, then, here, ratio, paired, "yes" if self.counts else ""]
        return f"| {' | '.join(cells)} |"


def over(then: float, here: float) -> float:
    """How many times `then` is `here`; one where both are nothing."""
    return here / then if then else (1.0 if here == then else float("inf"))


def fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise SystemExit(2)


def git(*words: str) -> str:
    done = subprocess.run(["git", "-C", HERE, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        fail(f"git {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout.strip()


@contextmanager
def checked_out(revision: str, folder: Path) -> Iterator[Side]:
    """A tree of the revision, which is gone afterwards."""
    commit = git("rev-parse", "--verify", RELEASED.get(revision, revision) + "^{commit}")
    tree = folder / "then"
    git("worktree", "add", "--detach", str(tree), commit)
    versions = [version for version, released in RELEASED.items() if released == commit]
    renamed = RENAMED.get(versions[0], {}) if versions else {}
    try:
        yield Side(revision, tree.resolve(), renamed)
    finally:
        git("worktree", "remove", "--force", str(tree))


def run(side: Side, text: str, folder: Path, *words: str) -> tuple[dict[str, float], str]:
    """Run a script on a side; return its costs and what it printed."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("RELMARK_", "PYTHON"))}
    env |= {"PYTHONPATH": str(side.tree), "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    env |= {"PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore"}
    script, out, err = (folder / f"script{end}" for end in (".py", ".out", ".err"))
    script.write_text(side.spelled(text))
    command = [sys.executable, str(script), str(side.tree), str(folder), *words]
    with out.open("w") as told, err.open("w") as complained:
        began = time.perf_counter()
        child = subprocess.Popen(command, cwd=side.tree, env=env, stdout=told, stderr=complained)
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 3):  # 3: an alert of the report fired
        fail(f"{side.name} ended with {child.returncode}:\n{err.read_text()[-3000:]}")
    costs = {CPU: used.ru_utime + used.ru_stime, WALL: wall, MEMORY: used.ru_maxrss / RSS}
    return costs, out.read_text().strip()


def measured(side: Side, task: Task, folder: Path) -> dict[str, float]:
    """The costs of a task on a side, by figure."""
    if not task.publishes:
        costs, printed = run(side, task.text, folder)
        return costs | json.loads(printed.splitlines()[-1])
    with tempfile.TemporaryDirectory(dir=folder) as published:
        costs, printed = run(side, task.text, folder, published)
        pages = Path(printed.splitlines()[-1]).parent
        files = [path for path in pages.rglob("*") if path.is_file() and not path.is_symlink()]
        return costs | {SIZE: sum(path.stat().st_size for path in files)}


def compared(name: str, sides: tuple[Side, Side], rounds: int, folder: Path) -> list[Row]:
    """The rows of a task: one run each to warm up, then pairs whose order alternates."""
    task = TASKS[name]
    found: dict[str, list[dict[str, float]]] = {side.name: [] for side in sides}
    for side in sides:
        measured(side, task, folder)
    for pair in range(rounds * task.pairs):
        for side in sides if pair % 2 == 0 else sides[::-1]:
            found[side.name].append(measured(side, task, folder))
        print(f"{name}: pair {pair + 1} of {rounds * task.pairs}", file=sys.stderr)
    then, here = (found[side.name] for side in sides)
    return [
        Row(name, figure, [run[figure] for run in then], [run[figure] for run in here])
        for figure in then[0]
    ]


def show(rows: list[Row], then: str, limit: float) -> bool:
    """Print the table and the verdict; return whether all is within the limit."""
    print(f"\n| task | figure | {then} | here | ratio | paired | counts |")
    print("|---|---|---:|---:|---:|---:|---|")
    for row in rows:
        print(row.line(limit))
    offenders = [row for row in rows if row.counts and row.ratio > limit]
    named = ", ".join(f"{row.task} {row.figure} {row.ratio:.3f}" for row in offenders)
    print(f"\nwithin {limit:g}: " + (f"no ({named})" if offenders else "yes"))
    return not offenders


def save(path: Path, header: str, rows: list[Row], limit: float) -> None:
    """Keep every run."""
    kept = [
        {**vars(row), "ratio": row.ratio, "paired": row.paired, "counts": row.counts}
        for row in rows
    ]
    path.write_text(json.dumps({"about": header, "limit": limit, "rows": kept}, indent=1) + "\n")


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", required=True, metavar="REV", help="such as v0.1.0")
    parser.add_argument("--rounds", type=int, default=5, help="of which the median counts")
    parser.add_argument("--only", default=",".join(TASKS), metavar="TASKS", help="import,fit,...")
    parser.add_argument("--limit", type=float, default=1.05, help="the greatest ratio allowed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep every run here")
    given = parser.parse_args()
    given.only = [name.strip() for name in given.only.split(",")]
    if unknown := sorted(set(given.only) - set(TASKS)):
        parser.error(f"no task {', '.join(unknown)}; there are {', '.join(TASKS)}")
    if given.rounds < 1:
        parser.error("--rounds must be 1 or more")
    return given


def main() -> None:
    given = asked()
    changes = ", with changes" if git("status", "--porcelain") else ""
    header = (
        f"{given.against} and here ({git('rev-parse', '--short', 'HEAD')}{changes}), "
        f"{given.rounds} rounds, Python {platform.python_version()}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f} at the start"
    )
    print(header, flush=True)
    with tempfile.TemporaryDirectory(prefix="relmark-compare-") as name:
        folder = Path(name).resolve()
        here = Side("here", HERE)
        with checked_out(given.against, folder) as then:
            run(here, DATA, folder)
            sides = (then, here)
            rows = [
                row for task in given.only for row in compared(task, sides, given.rounds, folder)
            ]
            code = [side.code() for side in sides]
            rows += [Row("code", f".py {what}", *([of[what]] for of in code)) for what in code[0]]
    if given.json:
        save(given.json, header, rows, given.limit)
    raise SystemExit(not show(rows, given.against, given.limit))


if __name__ == "__main__":
    main()
