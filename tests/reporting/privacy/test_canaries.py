"""Canaries: ids, addresses and secrets planted everywhere a run meets data leave it nowhere.

They stand in the data, in parameters, in the environment, and in the errors, warnings, sentences,
figures and tables of a notebook. Every file of the store, what the hooks were told, what was
printed, and the command lines and environments of the run's processes are searched.
"""

import base64
import json
import os
import re
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
import psutil
import pytest

from relmark_research import cli
from relmark_research.reporting.privacy.redaction import ID_NOT_SHOWN
from relmark_research.tables.pseudonyms import pseudonyms
from tests.reporting.books import write_notebook, write_recipe

ROOT = Path(__file__).parents[3]
IDS = ["QX7-CANARY-1", "canaria.one@shop.example", "90817263", "canarybird"]
ADDRESS = "canary.person@mail.example"
SECRETS = {
    "SHOP_TOKEN": "canary-token-3f9c1",  # no recipe names it
    "DB_PASSWORD": "canary-pass-77%a",
    "RELMARK_ID_KEY": "canary-key-0123456789abcdef",
}
CANARIES = [*IDS, ADDRESS, *SECRETS.values(), ADDRESS.replace("@", "%40")]

PARAMETERS = """\
source = "none.csv"  # the log
customer = "Kunde"
who = "x"
mail = "x"
password = "x"
as_of = None
date = "day"
value = "paid"
"""
READS = """\
import os, sys, warnings
import pandas as pd
import relmark_research as rm
from matplotlib import pyplot
from relmark_research.reporting import story
log = rm.read_transactions(source, customer=customer, date="day", value="paid")
table = log.customer_summary(unit="day").table
first = table.index[0]
print("printed", *table.index, os.environ["SHOP_TOKEN"], password, mail)
warnings.warn(f"warned of {first}")"""
TELLS = """\
for name in table.index:
    story.say(f"The best is {name}.")
story.answer(f"It is {first}, {mail}.")
story.finding(f"{first} is the best")
story.record("best", 1.0, meaning=f"of {first}", label=f"Label {first}")
_, ax = pyplot.subplots()
ax.plot([1, 2])
ax.set_title(first)
ax.annotate(mail, (0, 1))
story.figure(ax, alt=f"The line of {first}", name="line")
own = pd.read_csv(source, dtype=str)
story.table(table, caption="Customers", name="customers")
story.table(own, caption="Rows", name="rows")
story.table(log.audit, caption="Audit", name="audit")"""
BREAKS = 'raise KeyError(f"no customer {first}, {table.index[1]}, {mail}, {password}")'
HOOK = "import pathlib, sys\npathlib.Path(sys.argv[1]).open('a').write(sys.stdin.read())\n"


def write_data(folder: Path, *, bad: bool) -> Path:
    days = ["2024-01-01", "2024-02-01", "2024-03-01"]
    rows = [(name, day, 5.0, ADDRESS) for name in IDS for day in days]
    if bad:
        rows[1] = (IDS[1], IDS[1], 5.0, ADDRESS)
    path = folder / ("bad.csv" if bad else "good.csv")
    pd.DataFrame(rows, columns=["Kunde", "day", "paid", "mail"]).to_csv(path, index=False)
    return path


class Watch(threading.Thread):
    """Notes the command lines and environments of the processes that a command starts."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.process, self.seen, self.count = process, set(), set()

    def run(self) -> None:
        own = psutil.Process(self.process)
        words = own.cmdline()
        while own.is_running() and own.status() != psutil.STATUS_ZOMBIE:
            with suppress(psutil.Error):
                for child in own.children(recursive=True):
                    self._note(child, words)
            time.sleep(0.02)

    def _note(self, child: psutil.Process, words: list[str]) -> None:
        if (seen := child.cmdline()) == words:  # a copy of the command, about to become another
            return
        parent = child.parent()
        of_notebook = parent is not None and "ipykernel_launcher" in " ".join(parent.cmdline())
        # what a notebook starts itself, such as `uname` by a library, has its environment
        self.seen |= {" ".join(seen), "" if of_notebook else str(child.environ())}
        self.count.add(child.pid)


def texts_of(path: Path) -> str:
    """Return the content of a file as text, with what is encoded in it."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path).to_csv() + path.read_bytes().decode("latin-1")
    text = path.read_bytes().decode("latin-1")
    encoded = re.findall(r"base64,([A-Za-z0-9+/=]+)", text.replace("\\n", ""))
    return text + "".join(base64.b64decode(part).decode("latin-1") for part in encoded)


def found_in(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


def written(folder: Path, *, bad: bool) -> Path:
    """Write notebooks, data, a hook and a recipe with canaries, and return the recipe."""
    hook = folder / "hook.py"
    hook.write_text(HOOK)
    for name, cells in {"tells": TELLS, "breaks": BREAKS}.items():
        write_notebook(folder / "notebooks", name, READS, cells, parameters=PARAMETERS)
    columns = "customer: Kunde, date: day, value: paid"
    command = f"['{sys.executable}', '-S', '{hook}', '{folder / 'told.txt'}']"
    return write_recipe(
        folder,
        "title: T\nnotebooks: [tells, breaks]\n"
        f"data: {{source: {write_data(folder, bad=bad)}, {columns}}}\n"
        f"parameters: {{who: {IDS[0]}, mail: {ADDRESS}, password: '${{DB_PASSWORD}}'}}\n"
        f"hooks: [{{command: {command}}}]",
    )


class Ran:
    """A run by the command line with canaries, and all that left it."""

    def __init__(self, folder: Path, *, key: bool = True) -> None:
        self.folder, self.told = folder, folder / "told.txt"
        recipe = written(folder, bad=False)
        env = {name: value for name, value in os.environ.items() if "RELMARK" not in name}
        env |= {name: value for name, value in SECRETS.items() if key or "KEY" not in name}
        words = [sys.executable, "-m", "relmark_research", "run", str(recipe), "--jobs", "2"]
        self.process = subprocess.Popen(
            words, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.watch = Watch(self.process.pid)
        self.watch.start()
        self.printed, _ = self.process.communicate(timeout=300)
        self.watch.join(10)
        self.store = folder / "reports" / "runs" / "monthly"

    @property
    def files(self) -> list[Path]:
        return [path for path in self.store.parent.rglob("*") if path.is_file()]

    def leaks(self) -> dict[str, list[str]]:
        """Return the canaries that left the run, by where they were found."""
        places = {str(path.relative_to(self.folder)): texts_of(path) for path in self.files}
        places |= {"hook": self.told.read_text(), "printed": self.printed}
        places["processes"] = "\n".join(self.watch.seen)
        found = {place: found_in(text) for place, text in places.items()}
        return {place: canaries for place, canaries in found.items() if canaries}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    return Ran(tmp_path_factory.mktemp("canaries"))


@pytest.mark.slow
class TestARun:
    def test_no_canary_leaves_it(self, ran):
        assert ran.leaks() == {}

    def test_the_search_would_find_them(self, ran):
        """The notebooks did say what was taken out, in every place that was searched."""
        names = {path.name for path in ran.files}
        assert {"line.svg", "line.png", "customers.csv", "rows.parquet", "tells.html"} <= names
        assert len(ran.watch.count) >= 4
        pseudonym = pseudonyms([min(IDS)], key=SECRETS["RELMARK_ID_KEY"])[0]
        page = ran.store / next(p.parent.name for p in ran.files if p.name == "tells.html")
        assert pseudonym in (page / "tells.html").read_text()
        assert pseudonym in (page / "files" / "tells" / "customers.csv").read_text()
        assert pseudonym in (page / "files" / "tells" / "line.svg").read_text()
        manifest = json.loads((page / "manifest.json").read_text())
        states = {each["notebook"]: each for each in manifest["notebooks"]}
        assert states["tells"]["state"] == "done", states["tells"]["error"]
        assert states["breaks"]["state"] == "failed"
        assert pseudonym in states["breaks"]["error"]
        assert states["tells"]["parameters"]["who"] == ID_NOT_SHOWN
        assert "breaks failed" in ran.printed

    def test_nothing_of_it_can_be_read_by_others(self, ran):
        modes = {path: path.stat().st_mode & 0o077 for path in ran.files}
        assert not any(modes.values())


@pytest.mark.slow
def test_without_a_key_customers_are_left_out_and_nothing_leaves(tmp_path):
    ran = Ran(tmp_path, key=False)
    assert ran.leaks() == {}
    (page,) = [path for path in ran.files if path.name == "tells.html"]
    assert "is left out: there is no key for pseudonyms" in page.read_text()
    assert "customers.csv" not in {path.name for path in ran.files}


def test_a_refusal_names_the_row_and_no_value(tmp_path, monkeypatch, capsys):
    """One bad date: what is printed and what the hook is told, without a process of its own."""
    monkeypatch.delenv("RELMARK_SHOW_VALUES")
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    assert cli.exit_code(["run", str(written(tmp_path, bad=True))]) == cli.REFUSED
    told, printed = (tmp_path / "told.txt").read_text(), "".join(capsys.readouterr())
    said = json.loads(told)["said"]
    assert "row 2" in said
    assert said in printed
    assert found_in(told + printed) == []
