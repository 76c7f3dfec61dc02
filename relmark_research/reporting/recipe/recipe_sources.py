"""The source in a recipe's data section: files on this machine, bundled data sets, or URLs."""

import glob
from pathlib import Path
from typing import Any

from relmark_research.errors import DataError, ParameterError, ReportError, unknown_name
from relmark_research.reporting.record.secrets import fill_in_secrets, secret_names
from relmark_research.tables.sources import databases, engine_sessions

_LISTED = 20  # files in an error message


def resolve_source(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the data section with an absolute path of the source file or database file."""
    source = data.get("source")
    if source is None or source.startswith("dataset:") or secret_names(source):
        return data
    if is_remote(source):
        return {**data, "source": databases.with_absolute_path(source, folder)}
    return {**data, "source": str((folder / Path(source).expanduser()).absolute())}


def is_remote(source: str) -> bool:
    """Return whether a source is a URL rather than a file on this machine."""
    return "://" in source or source.startswith("env:")


def source_files(source: str) -> list[Path]:
    """Return the files of a path, a folder or a glob, sorted."""
    path = Path(source)
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    if path.is_file():
        return [path]
    found = map(Path, glob.glob(source, recursive=True))  # noqa: PTH207  (any glob)
    return sorted(path for path in found if path.is_file())


def check_source(data: dict[str, Any]) -> None:
    """Raise an error if the source of a data section is missing, or if the engine is unknown.

    Raises
    ------
    ReportError
        The section has no source, the source does not exist, or there is no such engine.
    """
    try:
        engine_sessions.check_engine(data.get("engine"))
    except ParameterError as error:
        raise ReportError(f"data.engine: {error}") from None
    source = fill_in_secrets(data.get("source"))
    if data and "source" not in data:
        raise ReportError(
            "the data section of the recipe has no source. Write data.source in the recipe, or "
            "set it on the command line: --set data.source=FILE."
        )
    if source is None or is_remote(source):
        return
    if source.startswith("dataset:"):
        _check_dataset(source.removeprefix("dataset:"))
    elif Path(source).is_dir() and not source_files(source):
        raise ReportError(f"data.source: the folder {source} is empty or cannot be read.")
    elif not source_files(source):
        files = _visible_files(Path(source).parent)[:_LISTED]
        problem = unknown_name("file", Path(source).name, files)
        raise ReportError(f"data.source: nothing found at {source}: {problem}")


def _check_dataset(name: str) -> None:
    """Raise an error unless a data set is bundled, or comes with an installed package."""
    from relmark_research.tables.sources.bundled_files import (
        DATASETS,
        OPTIONAL_DATASETS,
        dataset_file,
    )

    known = (*DATASETS, *OPTIONAL_DATASETS)
    if name not in known:
        raise ReportError(f"data.source: {unknown_name('bundled data set', name, known)}")
    try:
        dataset_file(name)
    except DataError as error:
        raise ReportError(f"data.source: {error}") from None


def _visible_files(folder: Path) -> list[str]:
    entries = folder.iterdir() if folder.is_dir() else ()
    return sorted(each.name for each in entries if each.is_file() and each.name[0] != ".")
