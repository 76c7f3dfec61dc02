"""What the audit hook sees of a notebook, in a process of its own: a hook cannot be removed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

PRELUDE = """
import sys
from relmark_research.reporting.reuse.kernel_observer import install
install({observed!r}, scratch={scratch!r})
"""
READS = """
import glob, os, pathlib, sqlite3
import pandas as pd
pathlib.Path("plain.txt").read_text()
pd.read_csv("frame.csv")
try: open("absent.txt")
except FileNotFoundError: pass
open("made.txt", "w").write("x"); open("made.txt").read()
open("both.txt", "r+").read()
sqlite3.connect("crm.db").close()
sqlite3.connect(":memory:").close()
sys.path.insert(0, ""); import helper
os.environ["ONE"]; os.getenv("TWO"); os.environ.get("THREE"); "FOUR" in os.environ
os.getenvb(b"FIVE"); os.environb.get(b"SIX")
os.listdir("listed"); list(pathlib.Path("walked").glob("*.csv")); glob.glob("globbed/*.csv")
sys.audit("relmark.source", "data/*.parquet"); sys.audit("relmark.source", "dataset:cdnow")
os.chdir("moved"); open("late.txt").read()
open(os.path.join(SCRATCH, "tmp.txt"), "w").close(); open(os.path.join(SCRATCH, "tmp.txt")).close()
open(pathlib.Path(".relmark/id_key")).close()
open(3 if False else os.open("late.txt", os.O_RDONLY)).close()
"""
FILES = (
    "plain.txt", "frame.csv", "both.txt", "helper.py", "listed/a", "walked/a.csv", "globbed/a.csv",
    "moved/late.txt", "moved/.relmark/id_key",
)  # fmt: skip


def observe(folder: Path, code: str) -> list[dict]:
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    observed = folder / "observed.jsonl"
    prelude = PRELUDE.format(observed=str(observed), scratch=str(scratch))
    script = f"{prelude}\nSCRATCH = {str(scratch)!r}\n{code}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ONE": "secret-1"}
    environment["TMPDIR"] = str(scratch)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "secret-1" not in observed.read_text()
    return [json.loads(line) for line in observed.read_text().splitlines()]


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict[str, set[str]]:
    folder = tmp_path_factory.mktemp("observed")
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("a,b\n1,2\n" if name.endswith("csv") else "x = 1\n")
    kinds: dict[str, set[str]] = {}
    for record in observe(folder, READS):
        name = record["name"].removeprefix(f"{folder}/")
        kinds.setdefault(record["kind"], set()).add(name)
        if name == "plain.txt":
            kinds["state"] = {str(record["state"][0])}
        if name == "absent.txt":
            assert record["state"] is None
    return kinds


def test_files_that_are_read_are_seen(found):
    assert {"plain.txt", "frame.csv", "absent.txt", "both.txt", "crm.db", "crm.db-wal"} <= found[
        "file"
    ]
    assert found["state"] == {"6"}  # the size, so that a later change is seen


def test_modules_of_the_project_are_seen_by_their_source(found):
    assert "helper.py" in found["file"]
    assert not any(name.endswith(".pyc") for name in found["file"])


def test_paths_are_those_of_the_moment(found):
    assert "moved/late.txt" in found["file"]


def test_files_that_it_made_itself_are_no_input(found):
    assert "made.txt" not in found["file"]
    assert {"made.txt", "both.txt"} <= found["written"]


def test_installed_files_scratch_files_and_the_key_do_not_count(found):
    unexpected = [
        name
        for name in found["file"] | found["written"]
        if "site-packages" in name or "scratch" in name or ".relmark/" in name or "python3" in name
    ]
    assert unexpected == []


def test_environment_variables_of_its_own_code_are_seen(found):
    assert found["environment"] == {"ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX"}


def test_listed_folders_are_seen(found):
    assert {"listed", "walked", "globbed"} <= found["folder"]


def test_sources_of_engines_are_seen(found):
    assert found["source"] == {"data/*.parquet", "dataset:cdnow"}


def test_nothing_of_this_is_impossible_to_follow(found):
    assert "unseen" not in found


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import subprocess; subprocess.run(['true'])", "it starts another program"),
        ("import os; os.system('true')", "it starts another program"),
        (
            "import multiprocessing as m\n"
            "if __name__ == '__main__':\n"
            "    p = m.get_context('spawn').Process(target=print); p.start(); p.join()",
            "it starts worker processes",
        ),
        (
            "import socket\ns = socket.socket()\ntry: s.connect(('127.0.0.1', 9))\n"
            "except OSError: pass\ns.close()",
            "it opens a network connection",
        ),
    ],
)
def test_programs_and_the_network_cannot_be_followed(tmp_path, code, words):
    found = observe(tmp_path, code)
    assert [each["name"] for each in found if each["kind"] == "unseen"] == [words]


def test_the_whole_environment_is_seen_as_such(tmp_path):
    found = observe(tmp_path, "import os; dict(os.environ)")
    assert {"kind": "environment", "name": "*"} in found


def test_what_the_standard_library_asks_of_the_machine_is_harmless(tmp_path):
    found = observe(tmp_path, "import platform, tempfile; platform.platform(); tempfile.mkdtemp()")
    assert [each for each in found if each["kind"] != "begun"] == []


@pytest.mark.parametrize(
    ("path", "seen"),
    [("/etc/rates.csv", True), ("/dev/shm/rates.csv", True), ("/proc/rates", False)],
)
def test_files_outside_of_the_system_folders_are_seen(tmp_path, path, seen):
    found = observe(tmp_path, f"try: open({path!r})\nexcept OSError: pass")
    assert ([each["name"] for each in found if each["kind"] == "file"] == [path]) is seen
