"""A replication bundle: one zip file with what another person needs to repeat a run.

README.md              how to repeat the run, and what the bundle holds
recipe.yml             the data section and the parameters with which the run was made
notebooks/NAME.ipynb   each notebook that was done, without outputs, as `recipe.yml` runs it
executed/NAME.ipynb    the same with its outputs, as published
files/...              its figures (SVG, PNG) and tables (CSV), as published
requirements.txt       every installed package with its version
data.json              rows, days and SHA-256 of the data; the data themselves are not included
results.json           the key figures, to compare with
SHA256SUMS             of every file above

Equal runs give equal bytes. The file of customers and the manifest, which names paths of the
machine, are left out; paths of the data become ``data/NAME``, and secrets their names.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from relmark_research.errors import ReportError
from relmark_research.reporting.record.manifest import Manifest, NotebookRun, read_manifest
from relmark_research.reporting.record.secrets import Scrubber, secrets_of_environment
from relmark_research.reporting.store.run_checks import changed_files
from relmark_research.tables.schemas import SCHEMAS

CHECKSUMS = "SHA256SUMS"
DATA_FOLDER = "data"

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
_FIGURES = (".svg", ".png", ".csv")
_TEXT = (".svg", ".csv", ".ipynb", ".json", ".yml", ".txt", ".md")
_INJECTED = "injected-parameters"  # tag of the cell that papermill adds


def write_bundle(run: Path, target: Path | None = None) -> Path:
    """Write the replication bundle of a run, and return its path.

    Parameters
    ----------
    run
        The folder of a published run.
    target
        The zip file; None is RECIPE-RUN.zip in the working folder. An existing file is replaced.

    Raises
    ------
    ReportError
        There is no run, it is not as it was published, or none of its notebooks is done.
    """
    run = run.resolve()
    manifest = read_manifest(run)
    changed = changed_files(run, manifest)
    if changed:
        raise ReportError(
            f"expected {run} as it was published; changed or missing since then: "
            f"{', '.join(changed[:5])}. Choose another run, or repair the store: relmark doctor "
            f"{run.parent}"
        )
    done = [each for each in manifest.notebooks if each.state == "done"]
    if not done:
        raise ReportError(f"expected a run with a notebook that is done; found none in {run}.")
    path = target or Path(f"{manifest.recipe}-{manifest.run_id}.zip")
    if not path.parent.is_dir():
        raise ReportError(f"the folder of {path.name} must exist; found no folder {path.parent}.")
    members = _members(run, manifest, done)
    sums = [f"{hashlib.sha256(members[name]).hexdigest()}  {name}\n" for name in sorted(members)]
    members[CHECKSUMS] = "".join(sums).encode()
    _write_zip(path, members)
    return path


def _members(run: Path, manifest: Manifest, done: list[NotebookRun]) -> dict[str, bytes]:
    """Return the content of each file of the bundle, without the checksums."""
    names = _relative_names(manifest, done)
    found = {
        "recipe.yml": _recipe(manifest, done, names),
        "requirements.txt": _requirements(manifest),
        "data.json": _json({"sources": names, "fingerprint": _fingerprints(manifest, done)}),
        "results.json": _json({each.notebook: _figures(each) for each in done}),
        "README.md": _readme(manifest, done, names),
    }
    members = {name: text.encode() for name, text in found.items()}
    for each in done:
        executed = (run / "notebooks" / f"{each.notebook}.ipynb").read_text(encoding="utf-8")
        notebook = _without_paths(json.loads(executed))
        members[f"executed/{each.notebook}.ipynb"] = _json(notebook).encode()
        members[f"notebooks/{each.notebook}.ipynb"] = _json(_without_outputs(notebook)).encode()
        for file in sorted((run / "files" / each.notebook).glob("*")):
            if file.suffix in _FIGURES:
                members[f"files/{each.notebook}/{file.name}"] = file.read_bytes()
    return _scrubbed(members, names)


def _relative_names(manifest: Manifest, done: list[NotebookRun]) -> dict[str, str]:
    """Return ``data/NAME`` for each path of data that the run read."""
    texts = set(_texts([manifest.data, *(each.parameters for each in done)]))
    paths = sorted(text for text in texts if Path(text).is_absolute() and len(text) > 1)
    names: dict[str, str] = {}
    for path in paths:
        name, number = f"{DATA_FOLDER}/{Path(path).name}", 1
        while name in names.values():
            number += 1
            name = f"{DATA_FOLDER}/{number}-{Path(path).name}"
        names[path] = name
    return names


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


def _replaced(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _replaced(each, names) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replaced(each, names) for each in value]
    return names.get(value, value) if isinstance(value, str) else value


def _recipe(manifest: Manifest, done: list[NotebookRun], names: Mapping[str, str]) -> str:
    """Return a recipe that runs the bundle's notebooks with the parameters of the run."""
    import yaml

    tables: dict[str, Any] = {}
    parameters: dict[str, dict[str, Any]] = {}
    for each in done:
        given = _replaced(each.parameters, names)
        own = {name: value for name, value in given.items() if name not in manifest.data}
        tables |= {name: own.pop(name) for name in list(own) if name in SCHEMAS and own[name]}
        if manifest.as_of:  # given by --as-of
            own.pop("as_of", None)
        parameters[each.notebook] = {name: own[name] for name in sorted(own) if own[name] != ""}
    content: dict[str, Any] = {"title": manifest.title or manifest.recipe}
    if manifest.data:
        content["data"] = _replaced(manifest.data, names)
    content["notebooks"] = [f"notebooks/{each.notebook}.ipynb" for each in done]
    if tables:
        content["tables"] = {name: tables[name] for name in sorted(tables)}
    content["parameters"] = parameters
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def _requirements(manifest: Manifest) -> str:
    packages = manifest.packages or manifest.versions
    return "".join(f"{name}=={packages[name]}\n" for name in sorted(packages))


def _fingerprints(manifest: Manifest, done: list[NotebookRun]) -> dict[str, Any]:
    own = {each.notebook: each.fingerprint for each in done if each.fingerprint}
    return {"": manifest.fingerprint} | own if manifest.fingerprint else own


def _figures(run: NotebookRun) -> list[dict[str, Any]]:
    return [asdict(figure) for figure in run.key_figures]


def _without_paths(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return an executed notebook without papermill's paths and times."""
    notebook["metadata"].pop("papermill", None)
    for cell in notebook["cells"]:
        cell["metadata"].pop("papermill", None)
        cell["metadata"].pop("execution", None)
    return notebook


def _without_outputs(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook as it is before a run."""
    cells = [
        cell | ({"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {})
        for cell in notebook["cells"]
        if _INJECTED not in cell["metadata"].get("tags", ())
    ]
    return notebook | {"cells": cells}


def _readme(manifest: Manifest, done: list[NotebookRun], names: Mapping[str, str]) -> str:
    """Return how to repeat the run."""
    as_of = f" --as-of {manifest.as_of}" if manifest.as_of else ""
    files = ", ".join(f"`{name}`" for name in sorted(names.values()))
    data = f"Put the data there: {files}. They are not included; data.json has their fingerprint."
    left_out = [each.notebook for each in manifest.notebooks if each not in done]
    note = f"Notebooks that were not done are left out: {', '.join(left_out)}.\n\n"
    version = manifest.versions.get("relmark-research", "")
    steps = [
        "Install the packages in a new environment: `pip install -r requirements.txt`.",
        data if files else "The data come with the packages.",
        f"Run the recipe: `relmark run recipe.yml{as_of}`.",
        "Compare the key figures with results.json. files/ has the figures and tables, executed/ "
        "the notebooks with their outputs.",
    ]
    return (
        f"# {manifest.title or manifest.recipe}: replication of run {manifest.run_id}\n\n"
        f"Made with relmark-research {version}, recipe {manifest.recipe}.\n\n"
        f"{note if left_out else ''}"
        f"{''.join(f'{n}. {step}' + chr(10) for n, step in enumerate(steps, start=1))}\n"
        f"`sha256sum -c {CHECKSUMS}` checks the files. A secret is written as `${{NAME}}`: set the "
        "environment variable NAME. Files with a row per customer are left out.\n"
    )


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True, default=str) + "\n"


def _scrubbed(members: dict[str, bytes], names: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files without secrets of the environment and without paths of the data."""
    scrub = Scrubber.from_secrets(secrets_of_environment())
    found = {}
    for name, content in members.items():
        if not name.endswith(_TEXT):
            found[name] = content
            continue
        text = content.decode()
        for path in sorted(names, key=len, reverse=True):
            text = text.replace(json.dumps(path)[1:-1], names[path]).replace(path, names[path])
        found[name] = scrub(text).encode()
    return found


def _write_zip(path: Path, members: Mapping[str, bytes]) -> None:
    unfinished = path.with_name(f".{path.name}.part")
    try:
        with zipfile.ZipFile(unfinished, "w") as archive:
            for name in sorted(members):
                entry = zipfile.ZipInfo(name, _FIXED_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, members[name], compresslevel=9)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
