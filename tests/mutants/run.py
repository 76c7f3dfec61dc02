"""Run the tests of each mutation in a copy of the tree, and report what they noticed."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from queue import Empty, SimpleQueue
from threading import Lock, Thread

from tests.mutants.mutate import PACKAGE, Mutation
from tests.mutants.sample import candidates, equivalents, sample

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "_build", "runs", "dist", "build"
)
PYTEST = ["-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-m", "not slow"]
GOLDEN = "tests/golden/test_calls.py"
DEFAULTS = "tests/golden/test_defaults.py"
INTERVAL_LAWS = ("tests/laws/test_exact_{}.py", "tests/laws/test_interval_laws.py")
QUICK = 2.0  # a golden call is run for a mutation if it takes less [seconds]
MINIMUM = 92.0  # of the mutations not equivalent, how many must be killed [%]
PATIENCE, STARTING = 4.0, 60.0  # time limit: so many times the tests' own time, and seconds more
NO_TESTS = 5  # exit code of pytest where it collected none
KILLED, SURVIVED, TIMEOUT, EQUIVALENT = "killed", "survived", "timeout", "equivalent"


def mirroring_tests(path: str, root: Path) -> list[str]:
    """Return the test files and folders of a module, in the order in which they are run.

    Parameters
    ----------
    path
        A module, from the root: ``relmark_research/clv/families/bg_nbd.py``.
    root
        The root of the tree.
    """
    module = PurePosixPath(path).relative_to(PACKAGE)
    folder = PurePosixPath("tests") / module.parent
    mirror = folder / f"test_{module.stem.lstrip('_')}.py"
    while not (root / folder).is_dir():
        folder = folder.parent
    own = mirror if (root / mirror).is_file() else folder
    return list(dict.fromkeys([str(own), path, *_laws(module.parts[0], root)]))


def _laws(room: str, root: Path) -> list[str]:
    """Return the laws of a room, those of all intervals if it has any, and its defaults."""
    folder = root / "tests" / room
    own = sorted([*folder.rglob("test_*laws.py"), *folder.rglob("test_contract.py")])
    found = [law.relative_to(root).as_posix() for law in own]
    if (root / f"tests/laws/cases_{room}.py").is_file():
        found += [name.format(room) for name in INTERVAL_LAWS]
    if (root / DEFAULTS).is_file():
        name = room.removesuffix(".py")
        found.append(f"{DEFAULTS}::test_defaults_are_those_recorded[{name}]")
    return found


def golden_calls(paths: Iterable[str], root: Path) -> list[str]:
    """Return the golden calls of the rooms of some modules, by their names."""
    rooms = {PurePosixPath(path).relative_to(PACKAGE).parts[0] for path in paths}
    rooms |= {"models"} if "clv" in rooms else set()
    recorded = json.loads((root / "tests/golden/calls.json").read_text(encoding="utf-8"))
    return [name for name in recorded["groups"] if name.partition(".")[0] in rooms]


def _golden_test(name: str) -> str:
    return f"{GOLDEN}::test_call_gives_what_it_gave[{name}]"


@dataclass(frozen=True)
class Baseline:
    """What the tests do without any mutation."""

    seconds: dict[str, float]  # of each test file
    golden: dict[str, float]  # of each golden call
    failures: list[str]

    def quick_calls(self, path: str, root: Path) -> list[str]:
        """Return the tests of the golden calls of a module's room that are quick."""
        names = golden_calls([path], root)
        return [_golden_test(name) for name in names if self.golden.get(name, QUICK) < QUICK]

    def limit(self, tests: Iterable[str]) -> float:
        """Return the time limit of some test files, folders and golden calls [seconds]."""
        total = QUICK * sum(test.startswith(GOLDEN) for test in tests)
        for name, seconds in self.seconds.items():
            total += seconds * any(name == test or name.startswith(f"{test}/") for test in tests)
        return STARTING + PATIENCE * total


@dataclass
class Copy:
    """A copy of the tree in which mutations are made, one at a time."""

    root: Path

    def environment(self, *, write_bytecode: bool) -> dict[str, str]:
        """Return an environment in which the copy is imported, not the tree it is a copy of."""
        found = {**os.environ, "PYTHONPATH": str(self.root), "OMP_NUM_THREADS": "1"}
        found["RELMARK_EVERY_CASE"] = "1"
        for name in ("RELMARK_ORDER", "PYTEST_ADDOPTS"):
            found.pop(name, None)
        return found if write_bytecode else found | {"PYTHONDONTWRITEBYTECODE": "1"}

    def pytest(self, *words: str, limit: float | None, write_bytecode: bool = False) -> int | None:
        """Return the exit code of pytest, None where it exceeded its time limit."""
        process = subprocess.Popen(
            [sys.executable, *PYTEST, *words],
            cwd=self.root,
            env=self.environment(write_bytecode=write_bytecode),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)

    def baseline(self, paths: list[str]) -> Baseline:
        """Run the tests of some modules without a mutation."""
        report = self.root / "baseline.xml"
        tests = [test for path in paths for test in mirroring_tests(path, self.root)]
        tests += map(_golden_test, golden_calls(paths, self.root))
        words = [*dict.fromkeys(tests), f"--junitxml={report}", "-o", "junit_family=xunit1"]
        code = self.pytest(*words, limit=None, write_bytecode=True)
        if code not in (0, 1) or not report.exists():
            return Baseline({}, {}, [f"pytest ended with code {code}: {' '.join(words)}"])
        return _read_baseline(report)

    @contextmanager
    def mutated(self, mutation: Mutation) -> Iterator[None]:
        """Make a mutation, and undo it; no stale bytecode of the module is left."""
        path = self.root / mutation.path
        source = path.read_text(encoding="utf-8")
        try:
            _remove_bytecode(path)
            path.write_text(mutation.apply(source), encoding="utf-8")
            yield
        finally:
            path.write_text(source, encoding="utf-8")

    def judge(self, mutation: Mutation, baseline: Baseline) -> str:
        """Return whether the tests notice a mutation."""
        tests = mirroring_tests(mutation.path, self.root)
        tests += baseline.quick_calls(mutation.path, self.root)
        with self.mutated(mutation):
            code = self.pytest("-x", *tests, limit=baseline.limit(tests))
        return {None: TIMEOUT, 0: SURVIVED, NO_TESTS: SURVIVED}.get(code, KILLED)


def _end(process: subprocess.Popen) -> None:
    """End a process and what it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _remove_bytecode(path: Path) -> None:
    for cached in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        cached.unlink()


def _read_baseline(report: Path) -> Baseline:
    seconds: dict[str, float] = defaultdict(float)
    golden, failures = {}, []
    for case in ElementTree.parse(report).iter("testcase"):
        path, name, took = case.get("file", ""), case.get("name", ""), float(case.get("time", 0))
        seconds[path] += took
        if path == GOLDEN and name.startswith("test_call_gives_what_it_gave["):
            golden[name.partition("[")[2].rstrip("]")] = took
        if case.find("failure") is not None or case.find("error") is not None:
            failures.append(f"{path}::{name}")
    return Baseline(dict(seconds), golden, failures)


@dataclass
class Report:
    """The verdicts so far."""

    minimum: float = MINIMUM
    verdicts: list[tuple[Mutation, str]] = field(default_factory=list)

    def add(self, mutation: Mutation, verdict: str) -> None:
        """Add a verdict, and print a line on it."""
        self.verdicts.append((mutation, verdict))
        print(f"{verdict:10}  {described(mutation)}", flush=True)

    def counts(self, folder: str | None = None) -> Counter[str]:
        """Return how many have each verdict, in a folder or in total."""
        return Counter(v for m, v in self.verdicts if folder in (None, m.folder))

    def table(self) -> str:
        """Return the counts per folder and in total."""
        words = (KILLED, TIMEOUT, SURVIVED, EQUIVALENT)
        folders = sorted({mutation.folder for mutation, _ in self.verdicts})
        lines = [f"{'folder':34}" + "".join(f"{word:>11}" for word in (*words, "killed %"))]
        for name in (*folders, "total"):
            counts = self.counts(None if name == "total" else name)
            numbers = "".join(f"{counts[word]:11}" for word in words)
            lines.append(f"{name:34}{numbers}{killed_share(counts):11.1f}")
        return "\n".join(lines)

    def survivors(self) -> str:
        """Return the survivors as entries for ``equivalents.yml``, without a reason."""
        import yaml

        keys = [mutation.key for mutation, verdict in self.verdicts if verdict == SURVIVED]
        names = ("file", "function", "line", "mutation")
        entries = [dict(zip(names, key, strict=True)) | {"reason": "?"} for key in sorted(keys)]
        return yaml.safe_dump(entries, sort_keys=False, width=1000, allow_unicode=True)

    @property
    def passes(self) -> bool:
        """Return whether enough were killed."""
        return killed_share(self.counts()) >= self.minimum


def killed_share(counts: Counter[str]) -> float:
    """Return the share of mutations killed among those not equivalent [%]."""
    killed = counts[KILLED] + counts[TIMEOUT]
    total = killed + counts[SURVIVED]
    return 100 * killed / total if total else 100.0


def described(mutation: Mutation) -> str:
    """Return where a mutation is and what it changes, on one line."""
    where = f"{mutation.path}:{mutation.line} {mutation.function}"
    return f"{where} [{mutation.kind}]: {mutation.original} -> {mutation.replacement}"


def judge_all(drawn: list[Mutation], copies: list[Copy], baseline: Baseline, to: Report) -> None:
    """Judge mutations, as many at a time as there are copies."""
    waiting: SimpleQueue[Mutation] = SimpleQueue()
    for mutation in drawn:
        waiting.put(mutation)
    lock = Lock()

    def work(copy: Copy) -> None:
        with suppress(Empty):
            while mutation := waiting.get_nowait():
                verdict = copy.judge(mutation, baseline)
                with lock:
                    to.add(mutation, verdict)

    threads = [Thread(target=work, args=(copy,), daemon=True) for copy in copies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main(words: list[str] | None = None) -> int:
    """Run the tool; return 0, 1 (too few killed) or 2 (tests fail without a mutation)."""
    given = _arguments(words)
    drawn = sample(candidates(ROOT, given.folder), given.n, given.seed)
    if given.list:
        print("\n".join(map(described, drawn)))
        return 0
    argued = equivalents()
    report = Report(given.minimum)
    for mutation in drawn:
        if mutation.key in argued:
            report.add(mutation, EQUIVALENT)
    rest = [mutation for mutation in drawn if mutation.key not in argued]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="relmark-mutants-") as folder:
        first = Copy(Path(folder, "0"))
        shutil.copytree(ROOT, first.root, ignore=LEFT_OUT)
        baseline = first.baseline([mutation.path for mutation in rest])
        if baseline.failures:
            print("these tests fail without a mutation:", *baseline.failures, sep="\n")
            return 2
        copies = [first, *(Copy(Path(folder, str(job))) for job in range(1, given.jobs))]
        for copy in copies[1:]:
            shutil.copytree(first.root, copy.root)
        judge_all(rest, copies, baseline, report)
    return _conclude(report, given, time.monotonic() - began)


def _conclude(report: Report, given: argparse.Namespace, seconds: float) -> int:
    print(f"\nseed {given.seed}, {len(report.verdicts)} mutations, {seconds / 60:.1f} minutes")
    print(report.table())
    if report.counts()[SURVIVED]:
        print("\nSurvivors: each needs a test, or a reason in tests/mutants/equivalents.yml:\n")
        print(report.survivors())
    share = killed_share(report.counts())
    print(f"{share:.1f}% killed, at least {report.minimum:g}% required")
    return 0 if report.passes else 1


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--n", type=int, default=120, help="how many mutations")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    parser.add_argument("--folder", default="", help="a folder of the package, such as clv")
    parser.add_argument("--minimum", type=float, default=MINIMUM, help="killed at least [%%]")
    parser.add_argument("--list", action="store_true", help="show the sample, run nothing")
    return parser.parse_args(words)
