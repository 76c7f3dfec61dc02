"""Redaction: customers' ids and e-mail addresses are taken out of what a run writes and sends.

The package's own messages name rows, not ids. The text of another error, a warning, a printed line,
a sentence or an alt text of a notebook may hold one. Each word of them is compared with the ids of
the log, which are kept as keyed hashes while the run lasts. An id is replaced by its pseudonym, or
by a remark where there is no key. Tables of customers get their pseudonyms from `story.table`.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relmark_research.errors import EMAIL_NOT_SHOWN, ReportError, without_emails
from relmark_research.reporting.record.manifest import RECORD_MIME, Manifest, NotebookRun
from relmark_research.tables.pseudonyms import KEY_VARIABLE, pseudonyms

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from relmark_research.customers.log.transactions import TransactionLog

ID_NOT_SHOWN = "(id not shown)"
IDS_VARIABLE = "RELMARK_KNOWN_IDS"  # environment variable with the path of the file of ids
IDS_FILE = "ids.npz"

_QUOTED = re.compile(r"""'([^'\n]{1,200})'|"([^"\n]{1,200})\"""")
_WORD = re.compile(r"[^\s'\"()\[\]{}<>,;`]+")
_SUFFIX = re.compile(r"\.[A-Za-z]\w{1,7}$")  # of a file
_SIGNS = ("[=:]", r"[=:/\\]")  # an id may hold a slash, and a path may hold an id
_EDGES = ".:!?*_="
_YEAR = re.compile(r"(19|20)\d\d")
_NAMED = re.compile(
    r"(?<![^\W_])(?:customer|client|user|member|person|account|id|kunde)(?![^\W_])\W{1,3}(\d+)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[-+−]?[\d.,\s]+%?")
_SHORTEST_WORD = 4  # letters of an id of letters only, outside quotes
_SHORT, _LONG = 4, 7  # digits of an id of digits only: in an error, and in another text
_SHORTEST = 2  # characters of any other id
_ALT = re.compile(r"(<title[^>]*>|\balt=\"|\baria-label=\")([^<\"]*)")
_BINARY = ("image/png", "image/jpeg", "image/gif", "application/pdf")
CLEAR_IDS = ' data-ids="clear"'  # attribute of a table whose ids the user asked for
_ATTRIBUTES = 200  # characters of a table's first element


@dataclass(frozen=True)
class KnownIds:
    """The ids of a log as sorted hashes, keyed by a salt of this process.

    Attributes
    ----------
    salt
        16 random characters.
    hashes
        Sorted; shape (ids,).
    """

    salt: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)
    hashes: np.ndarray = field(default_factory=lambda: np.array([], dtype="uint64"), repr=False)

    def with_ids(self, ids: Iterable[object]) -> KnownIds:
        """Return these ids and further ones."""
        return self._with_texts(np.array([str(each) for each in ids], dtype=object))

    def with_log(self, log: TransactionLog) -> KnownIds:
        """Return these ids and those of a log."""
        found = log.rows.select("customer_id").distinct().to_pandas()["customer_id"]
        return self._with_texts(found.to_numpy(object))

    def _with_texts(self, texts: np.ndarray) -> KnownIds:
        return replace(self, hashes=np.union1d(self.hashes, self._hashed(texts)))

    def among(self, texts: Iterable[str]) -> set[str]:
        """Return those of some texts that are ids."""
        listed = sorted(set(texts))
        if not listed or not len(self.hashes):
            return set()
        found = np.isin(self._hashed(np.array(listed, dtype=object)), self.hashes)
        return {text for text, known in zip(listed, found, strict=True) if known}

    def write(self, folder: Path) -> Path:
        """Write the ids, as hashes, into a private folder, and return the path."""
        path = folder / IDS_FILE
        with path.open("wb") as file:
            np.savez(file, salt=np.array(self.salt), hashes=self.hashes)
        return path

    @classmethod
    def from_environment(cls) -> KnownIds:
        """Return the ids that a run hands its notebooks; none outside of a run."""
        path = Path(os.environ.get(IDS_VARIABLE, ""))
        if not path.is_file():
            return cls()
        with np.load(path) as found:
            return cls(str(found["salt"]), found["hashes"])

    def _hashed(self, texts: np.ndarray) -> np.ndarray:
        return pd.util.hash_array(texts, hash_key=self.salt, categorize=False)


@dataclass(frozen=True)
class Redactor:
    """Takes ids and addresses out of texts, notebooks and manifests.

    Attributes
    ----------
    ids
        The ids of the run's data.
    key
        The key of pseudonyms; empty if there is none.
    """

    ids: KnownIds = field(default_factory=KnownIds)
    key: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls) -> Redactor:
        """Return the redactor of a notebook in a run; one that knows no ids outside of a run."""
        return cls(KnownIds.from_environment(), os.environ.get(KEY_VARIABLE, ""))

    def text(self, text: str, *, error: bool = False) -> str:
        """Return a text without ids and addresses.

        Parameters
        ----------
        text
            Prose, a printed line, an error or a warning.
        error
            Whether it is an error or a warning. In any other text a bare number of four to six
            digits is taken for a count, unless a word such as "customer" stands before it.

        Examples
        --------
        >>> redactor = Redactor(KnownIds().with_ids(["C-17", "bob@example.com"]))
        >>> redactor.text("customer C-17: bob@example.com has 17 orders")
        'customer (id not shown): (id not shown) has 17 orders'
        """
        quoted = {part for pair in _QUOTED.findall(text) for part in pair if part.strip()}
        named = set(_NAMED.findall(text))
        written = set(_WORD.findall(text))
        parts = {part for word in written for sign in _SIGNS for part in re.split(sign, word)}
        parts |= {_SUFFIX.sub("", part) for part in parts}
        words = written | {each.strip(_EDGES) for each in written | parts}
        likely = (word for word in words if _may_be_id(word, _SHORT if error else _LONG))
        found = self.ids.among([*quoted, *named, *likely])
        for each in sorted(found, key=len, reverse=True):
            text = re.sub(rf"(?<![\w]){re.escape(each)}(?![\w])", self._instead(each), text)
        return without_emails(text)

    def cells(self, column: pd.Series) -> pd.Series:
        """Return a column of a table without addresses, and without cells that are an id."""
        column = column.astype(object) if isinstance(column.dtype, pd.CategoricalDtype) else column
        texts = {each for each in column if isinstance(each, str)}
        likely = {each: each.strip() for each in texts if _may_be_id(each.strip(), _SHORT)}
        known = self.ids.among(likely.values())
        instead = {text: without_emails(text) for text in texts} | {
            text: self._instead(each) for text, each in likely.items() if each in known
        }
        return column.map(lambda cell: instead[cell] if isinstance(cell, str) else cell)

    def label(self, text: str) -> str:
        """Return the label of a tick without ids and addresses; a number stays."""
        return text if _NUMBER.fullmatch(text.strip()) else self.text(text)

    def literals(self, source: str) -> str:
        """Return code without ids and addresses in its texts in quotes."""

        def instead(match: re.Match[str]) -> str:
            inner = match[0][1:-1]
            whole = self.ids.among([inner.strip()])
            clean = ID_NOT_SHOWN if whole else replace(self, key="").text(inner)
            return f"{match[0][0]}{clean}{match[0][-1]}"

        return _QUOTED.sub(instead, source)

    def value(self, value: Any) -> Any:
        """Return a parameter, a list or a mapping of them without ids and addresses."""
        if isinstance(value, str):
            whole = self.ids.among([value.strip()]) if _may_be_id(value.strip(), _SHORT) else ()
            return ID_NOT_SHOWN if whole else self.literals(without_emails(value))
        if isinstance(value, Mapping):
            return {name: self.value(item) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self.value(item) for item in value)
        return value

    def run(self, run: NotebookRun) -> NotebookRun:
        """Return a notebook's record without ids and addresses."""
        return replace(
            run,
            parameters=self.value(run.parameters),
            case=self.value(run.case),
            error=self.text(run.error, error=True) if run.error else run.error,
            answer=self.text(run.answer),
            inputs=self._named(run.inputs),
            observed={kind: self._named(found) for kind, found in run.observed.items()},
            obstacles=tuple(self.text(each) for each in run.obstacles),
            reason=self.text(run.reason),
            left_out=tuple(
                replace(each, question=self.text(each.question), reason=self.text(each.reason))
                for each in run.left_out
            ),
        )

    def _named(self, hashes: Mapping[str, str]) -> dict[str, str]:
        """Return hashes by names of files without ids and addresses.

        A notebook that reads a file with such a name runs every time. Folders keep their names.
        """
        parts = ((*name.rpartition("/"), each) for name, each in hashes.items())
        return {
            f"{without_emails(folder)}{sign}{self.text(name)}": each
            for folder, sign, name, each in parts
        }

    def manifest(self, manifest: Manifest) -> Manifest:
        """Return a manifest without ids and addresses in what its recipe and its errors say."""
        return replace(
            manifest,
            title=self.text(manifest.title),
            command=self.text(manifest.command),
            data=self.value(manifest.data),
            notes=tuple(self.text(note) for note in manifest.notes),
            notebooks=tuple(self.run(run) for run in manifest.notebooks),
        )

    def notebook(self, notebook: NotebookNode) -> NotebookNode:
        """Take ids and addresses out of an executed notebook, in place, and return it."""
        parameters = notebook.metadata.get("papermill", {}).get("parameters")
        if parameters:
            notebook.metadata["papermill"]["parameters"] = self.value(dict(parameters))
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.source = self.literals(cell.source)
                cell.outputs = [self._output(output) for output in cell.get("outputs", ())]
        return notebook

    def _output(self, output: Any) -> Any:
        if output.output_type == "stream":
            output.text = self.text(output.text, error=output.name == "stderr")
        elif output.output_type == "error":
            output.evalue = self.text(output.evalue, error=True)
            output.traceback = [self.text(line, error=True) for line in output.traceback]
        else:
            for kind, content in output.data.items():
                output.data[kind] = self._displayed(kind, content)
        return output

    def _displayed(self, kind: str, content: Any) -> Any:
        if kind == RECORD_MIME:
            return self._record(content)
        asked_for = isinstance(content, str) and CLEAR_IDS in content[:_ATTRIBUTES]
        if asked_for or kind.startswith(_BINARY):
            return content
        if not isinstance(content, str):
            return self._record(content)
        if not kind.endswith(("html", "xml")):
            return self.text(content) if kind.startswith("text/") else without_emails(content)
        return _ALT.sub(lambda match: match[1] + self.text(match[2]), without_emails(content))

    def _record(self, record: Any) -> Any:
        if isinstance(record, str):
            return self.text(record)
        if isinstance(record, Mapping):
            return {name: self._record(item) for name, item in record.items()}
        return [self._record(item) for item in record] if isinstance(record, list) else record

    def _instead(self, found: str) -> str:
        return pseudonyms([found], key=self.key)[0] if self.key else ID_NOT_SHOWN


def check_names(cases: Iterable[Mapping[str, Any]], ids: KnownIds) -> None:
    """Raise ReportError where a value of a recipe's matrix, a part of file names, is personal.

    Parameters
    ----------
    cases
        The values of each notebook, by the name of their parameter.
    ids
        The ids of the run's data.
    """
    for case in cases:
        for name, value in case.items():
            text = str(value).strip()
            known = ids.among([text]) if _may_be_id(text, _SHORT) else ()
            if known or without_emails(text) != text:
                raise ReportError(
                    f"matrix.{name}: its values become parts of file names, so none may be a "
                    "customer's id or an e-mail address; found one. Set it as a parameter instead."
                )


def check_repeatable(texts: Iterable[str]) -> None:
    """Raise ReportError where a stored run lacks a value that was taken out of it."""
    for text in texts:
        if ID_NOT_SHOWN in text or EMAIL_NOT_SHOWN in text:
            raise ReportError(
                "the run cannot be repeated from what it stored: an id or an e-mail address was "
                "taken out of its parameters or its code. Run the recipe again instead."
            )


def _may_be_id(word: str, digits: int) -> bool:
    """Return whether a word can be told from one of the language, and from a year or a count."""
    if word.isdigit():
        return len(word) >= digits and not _YEAR.fullmatch(word)
    return len(word) >= (_SHORTEST_WORD if word.isalpha() else _SHORTEST)
