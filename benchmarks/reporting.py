"""What the runner costs, and what two jobs save: wall-clock and CPU time of a recipe.

    python benchmarks/reporting.py [RECIPE] [--repeats 3]

For each notebook of the recipe, with the parameters that the recipe gives it:
- plain: its code cells as one Python script (the need; figures and tables are written as in a run);
- papermill: papermill's own command line.
For the whole recipe: `relmark run --force` with one job and with two. Overhead is the run with one
job against the sum of the plain scripts. Times are the least of the repeats; run it on a quiet
machine with two cores.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from relmark_research.reporting.plan import Task, plan
from relmark_research.reporting.recipe import read_recipe

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, and of the processor."""

    wall: float
    cpu: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.wall + other.wall, self.cpu + other.cpu)


def measured(words: list[str], *, cwd: Path, repeats: int, files: Path | None = None) -> Cost:
    """The least cost of a command over several turns."""
    best = Cost(float("inf"), float("inf"))
    for turn in range(repeats):
        env = dict(os.environ)
        if files is not None:
            env["RELMARK_FILES"] = str(files / str(turn))
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(words, cwd=cwd, env=env, check=True, **QUIET)
        wall = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = Cost(min(best.wall, wall), min(best.cpu, cpu))
    return best


def script(task: Task, folder: Path) -> Path:
    """A notebook's code as a script, its parameters filled in."""
    lines = []
    for cell in json.loads(task.notebook.read_text())["cells"]:
        if cell["cell_type"] == "code":
            lines.append("".join(cell["source"]))
            if "parameters" in cell["metadata"].get("tags", ()):
                lines += [f"{name} = {value!r}" for name, value in task.parameters.items()]
    path = folder / f"{task.name}.py"
    path.write_text("\n\n".join(lines))
    return path


def plain(task: Task, folder: Path, repeats: int) -> Cost:
    words = [sys.executable, str(script(task, folder))]
    files = folder / "files" / task.name
    return measured(words, cwd=task.notebook.parent, repeats=repeats, files=files)


def papermill(task: Task, folder: Path, repeats: int) -> Cost:
    values = folder / f"{task.name}.yml"
    values.write_text(json.dumps(task.parameters))
    output = str(folder / f"{task.name}.ipynb")
    words = [sys.executable, "-m", "papermill", str(task.notebook), output, "-f", str(values)]
    words += ["-k", "python3", "--no-progress-bar"]
    files = folder / "files" / f"{task.name}-p"
    return measured(words, cwd=task.notebook.parent, repeats=repeats, files=files)


def relmark(recipe: Path, folder: Path, jobs: int, repeats: int) -> Cost:
    words = [sys.executable, "-m", "relmark_research", "run", str(recipe.resolve())]
    words += ["--force", "--jobs", str(jobs), "--out", str(folder / f"runs-{jobs}")]
    return measured(words, cwd=Path.cwd(), repeats=repeats)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("recipe", nargs="?", type=Path, default="reports/recipes/cdnow.yml")
    options.add_argument("--repeats", type=int, default=3)
    given = options.parse_args()
    tasks = plan(read_recipe(given.recipe))
    load = os.getloadavg()[0]
    print(
        f"{given.recipe}, {os.cpu_count()} cores, load {load:.1f} before, best of {given.repeats}"
    )
    print(f"{'':34}{'wall s':>8}{'cpu s':>8}")
    with tempfile.TemporaryDirectory() as name:
        folder, need, peer = Path(name), Cost(0, 0), Cost(0, 0)
        for task in tasks:
            alone = plain(task, folder, given.repeats)
            other = papermill(task, folder, given.repeats)
            need, peer = need + alone, peer + other
            print(f"{task.name + ', plain script':34}{alone.wall:8.1f}{alone.cpu:8.1f}")
            print(f"{task.name + ', papermill':34}{other.wall:8.1f}{other.cpu:8.1f}")
        one = relmark(given.recipe, folder, 1, given.repeats)
        two = relmark(given.recipe, folder, 2, given.repeats)
    rows = {
        "all plain": need,
        "all papermill": peer,
        "relmark run": one,
        "relmark run --jobs 2": two,
    }
    for label, cost in rows.items():
        print(f"{label:34}{cost.wall:8.1f}{cost.cpu:8.1f}")
    print(f"two jobs against one: {two.wall / one.wall:.2f} of the time (at most 0.70 wanted)")
    over = [f"{100 * (one.wall / base.wall - 1):+.0f}%" for base in (need, peer)]
    cpu = [f"{100 * (one.cpu / base.cpu - 1):+.0f}%" for base in (need, peer)]
    print(f"against plain scripts: wall {over[0]}, cpu {cpu[0]} (at most +15% wanted)")
    print(f"against papermill: wall {over[1]}, cpu {cpu[1]}")


if __name__ == "__main__":
    main()
