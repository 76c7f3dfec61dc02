"""Numbers in prose, and whether each has a source.

A figure is a number with a decimal point, a share in percent, an amount of money, or a number of
four digits and more that is no year. It may stand in a lesson's prose in two ways: in a sentence
with a citation in brackets that holds a year, as [Fader, Hardie & Lee 2005]; or as one of the
numbers of the lesson's table by hand. All others are to be filled in by the run.
"""

import ast
import re
from typing import Any

_CITATION = re.compile(r"[\[(][^\])]*\b(?:18|19|20)\d\d[a-z]?\b[^\])]*[\])]")
_FIGURE = re.compile(
    r"[$€£]\s?\d+(?:,\d{3})*(?:\.\d+)?"  # money
    r"|\d[\d,.]*\s?(?:%|percent\b|per cent\b)"
    r"|\d+\.\d+"
    r"|\d{1,3}(?:,\d{3})+"
    r"|\b(?!(?:18|19|20)\d\d\b)\d{4,}\b"
)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_SILENT = re.compile(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$\d][^$]*\$|Exercise \d+\.\d+", re.S)
_SENTENCE = re.compile(r"(?<=[.!?:])\s+(?=[A-Z*(\"])|\n\s*\n|\n(?=\s*[-|])")


def bare_figures(text: str, known: frozenset[str] = frozenset()) -> list[str]:
    """Return the numbers of a text that have no source in their sentence and are not known."""
    sentences = _SENTENCE.split(_SILENT.sub(" ", text))
    return [
        found
        for sentence in sentences
        if not _CITATION.search(sentence)
        for found in _FIGURE.findall(sentence)
        if not set(_NUMBER.findall(found)) <= known
    ]


def numbers_of(text: str) -> frozenset[str]:
    """Return the numbers of a table as text."""
    return frozenset(_NUMBER.findall(text))


def fixed_prose(code: str) -> str:
    """Return the fixed texts of a code cell, without computed values."""
    texts = [
        node.value
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return "\n\n".join(text for text in texts if " " in text)


def prose(cells: list[Any]) -> list[str]:
    """Return the texts of a lesson whose numbers need a source."""
    counted = [c for c in cells if not {"by_hand", "references"} & set(c.metadata.get("tags", []))]
    return [c.source if c.cell_type == "markdown" else fixed_prose(c.source) for c in counted]
