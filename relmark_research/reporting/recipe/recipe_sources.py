"""Where a recipe's data lie: files of this machine, bundled sets, or elsewhere."""

import glob
from pathlib import Path
from typing import Any

from relmark_research.errors import ParameterError, ReportError, unknown_name
from relmark_research.reporting.record.secrets import named, revealed
from relmark_research.tables.sources import databases, engine_sessions


def located(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the data section with a source that is a path, or a database's file, made absolute."""
    source = data.get("source")
    if source is None or source.startswith("dataset:") or named(source):
        return data
    if is_remote(source):
        return {**data, "source": databases.located(source, folder)}
    return {**data, "source": str((folder / Path(source).expanduser()).absolute())}


def is_remote(source: str) -> bool:
    """Whether a source is a URL rather than a file of this machine."""
    return "://" in source or source.startswith("env:")


def source_files(source: str) -> list[Path]:
    """Return the files of this machine that a path, a folder or a glob stands for, sorted."""
    path = Path(source)
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    if path.is_file():
        return [path]
    return sorted(Path(found) for found in glob.glob(source, recursive=True))  # noqa: PTH207  (any glob)


def check_source(data: dict[str, Any]) -> None:
    """Refuse a data section without a source, or with a source or an engine that is not there."""
    try:
        engine_sessions.check_engine(data.get("engine"))
    except ParameterError as error:
        raise ReportError(f"data.engine: {error}") from None
    source = revealed(data.get("source"))
    if data and source is None:
        raise ReportError(
            "the recipe says how the data are read, but not which: data.source is missing. "
            "Write it in the recipe, or give it: --set data.source=FILE."
        )
    if source is None or is_remote(source):
        return
    if source.startswith("dataset:"):
        from relmark_research.tables.sources.bundled_files import DATASETS

        name = source.removeprefix("dataset:")
        if name not in DATASETS:
            raise ReportError(f"data.source: {unknown_name('bundled data set', name, DATASETS)}")
    elif not source_files(source):
        folder = Path(source).parent
        there = _visible_files(folder)
        near = unknown_name("file", Path(source).name, there[:20])
        raise ReportError(f"data.source: nothing at {source}: {near}")


def _visible_files(folder: Path) -> list[str]:
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(each.name for each in found if each.is_file() and each.name[0] != ".")
