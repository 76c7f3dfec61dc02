"""The provenance of a run: fingerprint of the data, hash of the code, versions of the software."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relmark_research.errors import DataError, ParameterError, ReportError, unknown_name
from relmark_research.reporting.recipe.recipe_sources import is_remote, source_files
from relmark_research.reporting.record.secrets import environment_without_secrets, fill_in_secrets
from relmark_research.reporting.store.run_checks import checksum
from relmark_research.reporting.store.scratch import temporary_folder
from relmark_research.tables.sources import databases
from relmark_research.tables.sources.bundled_files import (
    DATASET_PREFIX,
    DATASETS,
    SAMPLE_DATES,
    SAMPLE_PREFIX,
    dataset_file,
    sample_folder,
)

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

_PACKAGE = Path(__file__).resolve().parents[2]
_JOURNALS = ("-wal", ".wal", "-journal")  # beside the file of a database
_PACKAGES = (
    "relmark-research",
    "pandas",
    "numpy",
    "scipy",
    "statsmodels",
    "duckdb",
    "ibis-framework",
    "papermill",
    "ipykernel",
    "matplotlib",
)


def check_data(
    data: Mapping[str, Any],
    *,
    as_of: str | None = None,
    also: Callable[[TransactionLog], object] | None = None,
) -> dict[str, Any]:
    """Read the data as the notebooks will, and return their fingerprint.

    Errors that a notebook would meet appear before the run starts.

    Parameters
    ----------
    data
        The recipe's data section, with an absolute source; None where there are no transactions.
    as_of
        Last day of the data that is used, or None.
    also
        A further check, called with the whole log.

    Returns
    -------
    dict
        The fingerprint: rows_read, rows_used, money_left_out (share, where rows are left out),
        first_day, last_day, files, bytes, sha256.

    Raises
    ------
    DataError, ParameterError, ReportError
        The data, a column name or an option is invalid.
    """
    if data.get("source") is None:
        return {}
    data = fill_in_secrets(data)
    from relmark_research.customers.log.transactions import read_transactions
    from relmark_research.tables.options import worded_for

    names = ("customer", "date", "value", "cost", "returns", "engine")
    arguments = {name: data[name] for name in names if name in data}
    options = read_options(data.get("options", {}))
    try:
        with temporary_folder():
            whole = read_transactions(data["source"], options=options, **arguments)
            log = whole.until(as_of)
            rows_used = _rows_used(log)
            money = _money_left_out(log)
            if also is not None:
                also(whole)
    except (DataError, ParameterError) as error:
        words = worded_for(str(error), "recipe")
        hint = " Options stand under data." * (words != str(error))
        raise type(error)(f"{words}{hint}") from None
    return {
        "rows_read": log.counts.read,
        "rows_used": rows_used,
        **({} if money is None else {"money_left_out": money}),
        "first_day": log.observed_from.isoformat(),
        "last_day": log.observed_until.isoformat(),
        **fingerprint(data["source"]),
    }


def _rows_used(log: TransactionLog) -> int:
    """Return the number of rows of a log; raise DataError where none of them is a purchase."""
    sums = {"rows": log.rows.count()}
    if log.has_value and log.returns == "net":
        sums["purchases"] = (log.rows.value >= 0).cast("int64").sum()
    found = log.rows.aggregate(**sums).to_pandas().iloc[0]
    if "purchases" in found and not found["purchases"] > 0:
        raise DataError(
            f"expected purchases; all {int(found['rows']):,} rows used have a negative value. "
            "Check the sign of the value."
        )
    return int(found["rows"])


def _money_left_out(log: Any) -> float | None:
    """Return the share of the log's value in rows that are left out; None where none can tell."""
    rows = log.source_rows
    if not log.counts.by_problem or "relmark_value" not in rows.columns:
        return None
    found = rows.aggregate(
        all=rows.relmark_value.abs().sum(),
        used=rows.relmark_value.abs().sum(where=rows.relmark_problem.isnull()),
    ).to_pandas()
    total, used = (float(found[name].iloc[0] or 0) for name in ("all", "used"))
    return 1 - used / total if total else None


def read_options(options: Mapping[str, Any], *, place: str = "data.options") -> Any:
    """Return the ReadOptions of a recipe's ``data.options``, or of another place in it."""
    from relmark_research.customers.log.transactions import ReadOptions

    known = [option.name for option in fields(ReadOptions)]
    for name in options:
        if name not in known:
            raise ReportError(f"{place}: {unknown_name('option', name, known)}")
    return ReadOptions(**options)


def fingerprint(source: str) -> dict[str, Any]:
    """Return files, bytes and sha256 of a source; empty for a URL, which is not fetched twice.

    The source is a path, a folder, a glob, a bundled table, or a database in a file. The hash of
    several files is the hash of their hashes and of their names below the folder of all.
    """
    files = files_of_source(fill_in_secrets(source))
    if not files:
        return {}
    hashes = [checksum(file) for file in files]
    folder = Path(os.path.commonpath([file.parent for file in files]))
    return {
        "files": len(files),
        "bytes": sum(file.stat().st_size for file in files),
        "sha256": hashes[0] if len(hashes) == 1 else files_hash(files, folder),
    }


def files_of_source(source: str) -> list[Path]:
    """Return the files that hold a source; none where it is elsewhere."""
    database = databases.database_file(source)
    if database is not None:
        journals = [Path(f"{database}{end}") for end in _JOURNALS]
        pending = [path for path in journals if path.is_file() and path.stat().st_size]
        return [database, *pending] if database.is_file() else []
    if is_remote(source):
        return []
    if source.startswith((DATASET_PREFIX, SAMPLE_PREFIX)):
        return bundled_files(source)
    return source_files(source)


def bundled_files(source: str) -> list[Path]:
    """Return the file of ``dataset:NAME`` or ``sample:NAME``; none for another name."""
    kind, _, name = source.partition(":")
    if kind == "sample":
        path = sample_folder() / f"{name}.csv"
        return [path] if name in SAMPLE_DATES and path.is_file() else []
    return [dataset_file(name)]


def code_hash() -> str:
    """Return one hash of this package: its code, its other files, and its bundled tables."""
    files = [path for path in sorted(_PACKAGE.rglob("*")) if _belongs_to_package(path)]
    bundled = [*sorted(sample_folder().glob("*.csv")), *map(dataset_file, DATASETS)]
    return hashlib.sha256(
        f"{files_hash(files, _PACKAGE)} {[checksum(path) for path in bundled]}".encode()
    ).hexdigest()


def _belongs_to_package(path: Path) -> bool:
    return "__pycache__" not in path.parts and path.name[0] != "." and path.is_file()


def files_hash(files: list[Path], folder: Path) -> str:
    """Return one hash of the contents and relative paths of files in a folder."""
    lines = [f"{checksum(file)}  {file.relative_to(folder)}\n" for file in files]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of Python, this package and the packages that affect its results."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def installed_packages() -> dict[str, str]:
    """Return the version of every installed package, and of Python.

    They are the names of the packages' metadata folders, which takes a tenth of the time that
    reading them takes.
    """
    found = {"python": f"{platform.python_implementation()} {platform.python_version()}"}
    for folder in (Path(path) for path in reversed(sys.path) if path):
        for entry in sorted(folder.glob("*-info")) if folder.is_dir() else ():
            name, _, version = entry.name.rpartition(".")[0].partition("-")
            found[name.lower()] = version
    return dict(sorted(found.items()))


def git_state(folder: Path) -> dict[str, Any]:
    """Return commit and dirty flag of the checkout around ``folder``; empty if there is none."""
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=normal")
    if commit is None or changes is None:
        return {}
    return {"commit": commit.strip(), "dirty": bool(changes.strip())}


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            env=environment_without_secrets(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
