"""What a notebook was seen to read, and whether that has changed since.

The kernel writes down what it reads (`kernel_observer`). When the notebook is done, the hashes of
these inputs become part of its record; before its results are used again, they are compared.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relmark_research.reporting.recipe.recipe_sources import is_remote, source_files
from relmark_research.reporting.record.provenance import files_of_source, fingerprint
from relmark_research.reporting.record.secrets import environment_fingerprint, secret_names
from relmark_research.reporting.reuse._source_scan import reads_clock, texts_of
from relmark_research.reporting.reuse.kernel_observer import file_state, today
from relmark_research.reporting.store.run_checks import checksum
from relmark_research.tables.sources.bundled_files import DATASET_PREFIX, SAMPLE_PREFIX

OBSERVATIONS = "observed.jsonl"  # in the scratch folder of a notebook

ABSENT = "absent"
_MAX_FILES = 10_000
_MAX_PATH = 1000  # characters; a longer text is not a path
_GLOB = re.compile(r"[*?\[].*\.\w+$")  # data/*.csv, data/[ab]/*.parquet
_TABLE_PARTS = ("*.parquet", "*=*/*.parquet")  # in the folder of a table
_MODULE = (".py", ".pyw")
_BUNDLED = (DATASET_PREFIX, SAMPLE_PREFIX)  # files of the package, whose hash covers them

Observed = dict[str, dict[str, str]]
"""Hashes of what a notebook read: by kind (files, folders, sources, ...), then by name."""


@dataclass
class Seen:
    """The lines that the kernel wrote.

    Attributes
    ----------
    files
        State of each file that was read, when it was read; None if there was none.
    written, folders, sources, environment
        Files written, folders listed, sources read by an engine, and environment variables read.
    unseen
        What happened that cannot be followed.
    day
        The day when the kernel began; a run may end on the next one.
    """

    files: dict[str, list[int] | None] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    environment: set[str] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    day: str = ""


def read_seen(scratch: Path) -> Seen:
    """Return what the kernel of a notebook wrote into its scratch folder."""
    seen = Seen()
    try:
        lines = (scratch / OBSERVATIONS).read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines]
    except (OSError, ValueError):
        records = []
    if not records:
        seen.unseen.add("what it read was not observed")
    for record in records:
        kind, name = record["kind"], record["name"]
        if kind == "file":
            seen.files[name] = record["state"]
        elif kind == "begun":
            seen.day = name
        else:
            getattr(seen, _SETS[kind]).add(name)
    return seen


_SETS = {
    "written": "written",
    "folder": "folders",
    "source": "sources",
    "environment": "environment",
    "unseen": "unseen",
}


def observe(
    seen: Seen, notebook: Path, *, declared: Iterable[str] = ()
) -> tuple[Observed, tuple[str, ...]]:
    """Return the hashes of what a notebook read, and why its results cannot be reused, if so.

    Parameters
    ----------
    seen
        What the kernel wrote down.
    notebook
        The notebook; its own code is searched for the clock and for paths.
    declared
        Sources and files that the key of the result covers already.
    """
    covered = {str(path) for source in declared for path in files_of_source(source)}
    obstacles = set(seen.unseen)
    sources = {each for each in seen.sources if not each.startswith(_BUNDLED)} - {*declared}
    remote = {each for each in sources if is_remote(each) and not files_of_source(each)}
    obstacles |= {f"it reads {_without_query(each)}, which is not a file" for each in remote}
    if "*" in seen.environment:
        obstacles.add("it reads the whole environment")
    if len(seen.files) > _MAX_FILES:
        return {}, (f"it reads more than {_MAX_FILES:,} files", *sorted(obstacles))
    codes = [*_cells(notebook), *_modules(seen)]
    written = {name for name in seen.written if file_state(name)}  # others were temporary
    named = _named_files(codes, notebook.parent)
    sources |= {each for each in named if not Path(each).is_file()} - {*declared}
    names = {*seen.files, *written, *(named - sources)} - covered
    for name in sorted(names & set(seen.files) - seen.written):
        if file_state(name) != seen.files[name]:
            obstacles.add(f"{name} changed while it ran")
    observed = {
        "files": {name: _file_hash(name) for name in sorted(names)},
        "folders": {name: _folder_hash(name) for name in sorted(seen.folders)},
        "sources": {name: _source_hash(name) for name in sorted(sources - remote)},
        "environment": environment_of(seen.environment - {"*"}),
        "clock": {"day": seen.day} if any(map(reads_clock, codes)) else {},
    }
    return {kind: found for kind, found in observed.items() if found}, tuple(sorted(obstacles))


def changed_since(observed: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return what a notebook read and has changed since, in words."""
    found = []
    for kind, (now, words) in _KINDS.items():
        for name, then in observed.get(kind, {}).items():
            if now(name) != then:
                found.append(words.format(name))
    return found


def environment_of(names: Iterable[str]) -> dict[str, str]:
    """Return the fingerprint of each environment variable."""
    return {name: environment_fingerprint(name) for name in sorted(names)}


def _without_query(source: str) -> str:
    return source.partition("#")[0].partition("?")[0]


def _cells(notebook: Path) -> list[str]:
    try:
        content: Any = json.loads(notebook.read_text(encoding="utf-8"))
        cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
        return ["".join(cell["source"]) for cell in cells]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _modules(seen: Seen) -> list[str]:
    """Return the source of the modules of the project that were loaded."""
    texts = []
    for name in seen.files:
        if name.endswith(_MODULE):
            try:
                texts.append(Path(name).read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
    return texts


def _named_files(codes: Iterable[str], folder: Path) -> set[str]:
    """Return the files that source code names: an engine may have read them unseen.

    A glob that finds files counts, and a folder of Parquet files, which is read as one table.
    """
    found = set()
    for text in set(texts_of(*codes)):
        if 2 < len(text) < _MAX_PATH and not {"\n", "\0"} & set(text) and not secret_names(text):
            path = folder / text
            try:
                if path.is_file() or _is_glob(path, text) or _is_table_folder(path, text):
                    found.add(str(path.absolute()))
            except (OSError, ValueError):  # longer than a file name can be, or no pattern
                continue
    return found


def _is_glob(path: Path, text: str) -> bool:
    return bool(_GLOB.search(text)) and bool(source_files(str(path)))


def _is_table_folder(path: Path, text: str) -> bool:
    if not text.strip("./~\\ ") or not path.is_dir():
        return False
    return any(any(path.glob(pattern)) for pattern in _TABLE_PARTS)


def _file_hash(name: str) -> str:
    try:
        return checksum(Path(name))
    except OSError:
        return ABSENT


def _folder_hash(name: str) -> str:
    try:
        names = sorted(each.name for each in Path(name).iterdir() if each.name != "__pycache__")
    except OSError:
        return ABSENT
    return hashlib.sha256(json.dumps(names).encode("utf-8", "surrogatepass")).hexdigest()


def _source_hash(name: str) -> str:
    return str(fingerprint(name).get("sha256", ABSENT))


def _today(_: str) -> str:
    return today()


_KINDS = {
    "files": (_file_hash, "file {}"),
    "folders": (_folder_hash, "the list of files in {}"),
    "sources": (_source_hash, "source {}"),
    "environment": (environment_fingerprint, "environment variable {}"),
    "clock": (_today, "the day, since it reads the clock"),
}
