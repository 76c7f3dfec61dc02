"""What the runner costs, and what two jobs save: wall-clock and CPU time of a recipe.

    python benchmarks/reporting.py [RECIPE] [--repeats 2] [--without-papermill]

Each turn measures, one after the other, so that a machine that grows busy slows all of them:
- plain: each notebook's code cells as one Python script, with the parameters that the recipe gives
  it; figures and tables are written as in a run. The least that the figures can cost.
- papermill: papermill's own command line on each notebook: what the same notebooks need in a
  kernel, one after the other, without a report.
- `relmark run --force` of the whole recipe, with one job and with two.

The least of the turns counts. All of them read compiled code from one cache, filled by a turn
that does not count. Run it on a quiet machine with two cores; where others share it, compare CPU
seconds.
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

from relmark_research.reporting.recipe.plan import Task, plan
from relmark_research.reporting.recipe.recipe_file import read_recipe


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, and of the processor."""

    wall: float
    cpu: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.wall + other.wall, self.cpu + other.cpu)

    def least(self, other: "Cost | None") -> "Cost":
        """The lesser of each; None is no measure yet."""
        if other is None:
            return self
        return Cost(min(self.wall, other.wall), min(self.cpu, other.cpu))

    def over(self, base: "Cost") -> str:
        """How much more this is."""
        wall, cpu = self.wall / base.wall - 1, self.cpu / base.cpu - 1
        return f"wall {100 * wall:+.0f}%, cpu {100 * cpu:+.0f}%"


@dataclass(frozen=True)
class Bench:
    """Where to work, and how often it was worked: files are written anew each time."""

    recipe: Path
    folder: Path
    turn: int

    def measured(self, words: list[str], *, cwd: Path, files: str = "") -> Cost:
        """The cost of a command; its words are shown should it fail."""
        env = {name: value for name, value in os.environ.items() if name != "RELMARK_FILES"}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        env["PYTHONPYCACHEPREFIX"] = str(self.folder / "compiled")
        if files:
            env["RELMARK_FILES"] = str(self.folder / "files" / f"{files}-{self.turn}")
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            [sys.executable, *words], cwd=cwd, env=env, capture_output=True, text=True, check=False
        )
        wall = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode not in (0, 3):  # 3: an alert fired
            sys.exit(f"{words} ended with {done.returncode}:\n{done.stderr[-3000:]}")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Cost(wall, cpu)

    def plain(self, task: Task) -> Cost:
        words = [str(script(task, self.folder))]
        return self.measured(words, cwd=task.notebook.parent, files=task.name)

    def papermill(self, task: Task) -> Cost:
        values = self.folder / f"{task.name}.yml"
        values.write_text(json.dumps(task.parameters))
        words = ["-m", "papermill", str(task.notebook), str(self.folder / f"{task.name}.ipynb")]
        words += ["-f", str(values), "-k", "python3", "--no-progress-bar"]
        return self.measured(words, cwd=task.notebook.parent, files=f"{task.name}-p")

    def relmark(self, jobs: int) -> Cost:
        words = ["-m", "relmark_research", "run", str(self.recipe.resolve()), "--force"]
        words += ["--jobs", str(jobs), "--out", str(self.folder / f"runs-{jobs}")]
        return self.measured(words, cwd=Path.cwd())


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


def turns(recipe: Path, tasks: tuple[Task, ...], repeats: int, peer: bool) -> dict[str, Cost]:
    """The least cost of each, by its name; the first turn only fills caches."""
    found: dict[str, Cost] = {}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(repeats + 1):
            bench = Bench(recipe, Path(folder), turn)
            costs = {f"{task.name}, plain script": bench.plain(task) for task in tasks}
            if peer:
                costs |= {f"{task.name}, papermill": bench.papermill(task) for task in tasks}
            costs |= {f"relmark run --jobs {jobs}": bench.relmark(jobs) for jobs in (1, 2)}
            if turn:
                found = {name: cost.least(found.get(name)) for name, cost in costs.items()}
            print(f"turn {turn} of {repeats}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    return found


def total(found: dict[str, Cost], kind: str) -> Cost:
    return sum((cost for name, cost in found.items() if name.endswith(kind)), Cost(0, 0))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("recipe", nargs="?", type=Path, default="reports/recipes/crm.yml")
    options.add_argument("--repeats", type=int, default=2)
    options.add_argument("--without-papermill", action="store_true")
    given = options.parse_args()
    peer = not given.without_papermill
    tasks = plan(read_recipe(given.recipe))
    load = os.getloadavg()[0]
    print(
        f"{given.recipe}: {os.cpu_count()} cores, load {load:.1f} before, least of {given.repeats}"
    )
    print(f"{'':44}{'wall s':>8}{'cpu s':>8}")
    found = turns(given.recipe, tasks, given.repeats, peer)
    kinds = ("plain script", "papermill") if peer else ("plain script",)
    sums = {f"all, {kind}": total(found, kind) for kind in kinds}
    for name, cost in (found | sums).items():
        print(f"{name:44}{cost.wall:8.1f}{cost.cpu:8.1f}")
    one, two = (found[f"relmark run --jobs {jobs}"] for jobs in (1, 2))
    for kind in kinds:
        print(
            f"one job against all, {kind}: {one.over(sums[f'all, {kind}'])} (at most +15% wanted)"
        )
    print(f"two jobs against one: {two.wall / one.wall:.2f} of the time (at most 0.70 wanted)")


if __name__ == "__main__":
    main()
