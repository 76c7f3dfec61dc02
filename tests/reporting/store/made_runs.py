"""Stored runs made without notebooks, and the damage that the years do to them."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from relmark_research.reporting.record.manifest import KeyFigure, Manifest, NotebookRun, _checksum
from relmark_research.reporting.store.run_store import RunStore

STARTED = "2026-11-21T18:00:00+00:00"


def publish_run(store: RunStore, value: float = 1.0, state: str = "done") -> Path:
    """Publish a run of one notebook with one key figure; the store is locked by the caller."""
    run_id, folder = store.new_run()
    figure = KeyFigure("total", value, unit="customers", label="Total", text=str(value))
    run = NotebookRun("one", state, "One", report="one.html", key="k", key_figures=(figure,))
    for name in ("index.html", "one.html", "notebooks/one.ipynb", "files/one/table.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"<html>{name} {value}</html>")
    return store.publish(folder, Manifest("monthly", "T", run_id, STARTED, notebooks=(run,)))


def _manifest(change: Callable[[dict], object], *, sign: bool = True) -> Callable[[Path], None]:
    def damage(run: Path) -> None:
        path = run / "manifest.json"
        record = json.loads(path.read_text())
        change(record)
        if sign:
            record["checksum"] = _checksum(record)
        path.write_text(json.dumps(record))

    return damage


def _write(content: bytes) -> Callable[[Path], None]:
    return lambda run: (run / "manifest.json").write_bytes(content) and None


def _instead(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def damage(run: Path) -> None:
        (run / "manifest.json").unlink()
        make(run / "manifest.json")

    return damage


def _truncate(run: Path) -> None:
    os.truncate(run / "manifest.json", 200)


def _rename(run: Path) -> None:
    shutil.copytree(run, run.with_name("20200101-000000"))


def _link_elsewhere(run: Path) -> None:
    run.rename(run.parent.parent / "elsewhere")
    run.symlink_to("../elsewhere")


def _latest_folder(run: Path) -> None:
    (run.parent / "latest").unlink()
    shutil.copytree(run, run.parent / "latest")


def _latest_only(run: Path) -> None:
    (run.parent / "latest").unlink()
    run.rename(run.parent / "latest")


def _latest_text(run: Path) -> None:
    (run.parent / "latest").unlink()
    (run.parent / "latest").write_text(run.name)


def _latest_link(target: str) -> Callable[[Path], None]:
    def damage(run: Path) -> None:
        (run.parent / "latest").unlink()
        (run.parent / "latest").symlink_to(target)

    return damage


def _latest_outside(run: Path) -> None:
    (run.parent.parent / "outside").mkdir(exist_ok=True)
    _latest_link("../outside")(run)


def _edit(name: str) -> Callable[[Path], None]:
    return lambda run: (run / name).write_text("5,000,000") and None


def _mode(name: str, mode: int) -> Callable[[Path], None]:
    return lambda run: (run / name).chmod(mode)


def _foreign(run: Path) -> None:
    home = run.parent
    (home / "zzz notes").mkdir()
    shutil.copy(run / "manifest.json", home / "zzz notes" / "manifest.json")
    (home / "notes.txt").write_text("mine")
    shutil.copytree(run, home / f"{run.name} (copy)")


def _lock_folder(run: Path) -> None:
    (run.parent / ".lock").unlink()
    (run.parent / ".lock" / "inside").mkdir(parents=True)


def _index_folder(run: Path) -> None:
    (run.parent / "index.html").unlink(missing_ok=True)
    (run.parent / "index.html" / "inside").mkdir(parents=True)


def _leftovers(run: Path) -> None:
    (run.parent / ".making-20261121-000000").mkdir()
    (run.parent / ".making-20261121-000000" / ".scratch").mkdir()
    (run.parent / ".going-x").write_text("")
    (run.parent / ".latest-1").symlink_to("nowhere")


def _as_version_1(record: dict) -> None:
    for name in ("checksum", "files", "packages"):
        del record[name]
    record["schema"] = 1


DAMAGES: dict[str, Callable[[Path], None]] = {
    "truncated manifest": _truncate,
    "empty manifest": _write(b""),
    "missing manifest": lambda run: (run / "manifest.json").unlink(),
    "binary manifest": _write(b"\xff\xfe\x00\x01" * 50),
    "manifest of another program": _write(b'{"version": 1, "packages": []}'),
    "manifest that is a list": _write(b"[1, 2, 3]"),
    "deeply nested manifest": _write(b"[" * 100_000),
    "manifest with wrong types": _manifest(lambda record: record.update(notebooks="none")),
    "manifest with a number beyond all": _manifest(
        lambda record: record["notebooks"][0]["key_figures"][0].update(low=10**400)
    ),
    "manifest with half a character": _manifest(lambda record: record.update(title="\ud800")),
    "manifest of a later version": _manifest(lambda record: record.update(schema=99)),
    "manifest of an earlier version": _manifest(_as_version_1, sign=False),
    "edited key figure in the manifest": _manifest(
        lambda record: record["notebooks"][0]["key_figures"][0].update(value=5e6), sign=False
    ),
    "manifest that names files outside": _manifest(
        lambda record: record["files"].update({"../../passwd": "0", "/etc/passwd": "0"})
    ),
    "folder instead of the manifest": _instead(Path.mkdir),
    "broken link instead of the manifest": _instead(lambda path: path.symlink_to("nowhere")),
    "link to itself instead of the manifest": _instead(lambda path: path.symlink_to(path.name)),
    "manifest without permission": _mode("manifest.json", 0),
    "folder without permission": _mode(".", 0),
    "edited notebook": _edit("notebooks/one.ipynb"),
    "edited table": _edit("files/one/table.csv"),
    "missing page": lambda run: (run / "one.html").unlink(),
    "run copied under another id": _rename,
    "run that is a link": _link_elsewhere,
    "latest is a folder": _latest_folder,
    "latest is the only copy": _latest_only,
    "latest is a text file": _latest_text,
    "latest is a broken link": _latest_link("20200101-000000"),
    "latest is a link to itself": _latest_link("latest"),
    "latest is a link outside": _latest_outside,
    "foreign folders and files": _foreign,
    "folder instead of the lock": _lock_folder,
    "folder instead of the index": _index_folder,
    "leftovers of another kind": _leftovers,
}
"""What can happen to the newest run of a store, or to the store around it."""
