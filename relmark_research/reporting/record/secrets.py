"""Secrets: written in a recipe as ``${NAME}``, taken from the environment, never kept.

What a recipe, a manifest and a job say is the name. The notebook's process fills the secret in at
the last moment, and everything that it writes goes through a `Scrubber`, which puts the name back.
"""

import json
import os
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from relmark_research.errors import RelmarkError, ReportError, unknown_name

LISTED = "RELMARK_SECRETS"  # the names in force, for the processes of a notebook
_SHORTEST = 6
_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_ANSI = re.compile(r"(\\u001b|\x1b)\[[0-9;]*m")  # colours could stand inside a secret
_TELLING = re.compile(r"(pass(word|wd|phrase)?|secret|token|api_?key|credentials?)$", re.I)


@dataclass(frozen=True)
class Scrubber:
    """Puts the names of secrets in the place of what they are, in every spelling.

    Attributes
    ----------
    spellings
        What to look for and what to write instead, the longest first.

    Examples
    --------
    >>> Scrubber.of({"PASSWORD": "p&ss/word"})("https://me:p%26ss%2Fword@host")
    'https://me:${PASSWORD}@host'
    """

    spellings: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, secrets: Mapping[str, str]) -> "Scrubber":
        """Return the scrubber of secrets by name."""
        found = {form: f"${{{name}}}" for name, value in secrets.items() for form in _forms(value)}
        return cls(tuple(sorted(found.items(), key=lambda pair: -len(pair[0]))))

    @classmethod
    def in_force(cls) -> "Scrubber":
        """Return the scrubber of the secrets that this process was given."""
        listed = os.environ.get(LISTED, "").split()
        return cls.of({name: os.environ[name] for name in listed if os.environ.get(name)})

    def __call__(self, text: str) -> str:
        """Return the text without the secrets."""
        if not self.spellings:
            return text
        text = _ANSI.sub("", text)
        for form, name in self.spellings:
            text = text.replace(form, name)
        return text


def named(value: Any) -> set[str]:
    """Return the names of all secrets in a text, a list or a mapping.

    Examples
    --------
    >>> sorted(named({"source": "postgresql://${USER}:${PASSWORD}@host/sales"}))
    ['PASSWORD', 'USER']
    """
    return {name for text in _texts(value) for name in _NAME.findall(text)}


def revealed(value: Any) -> Any:
    """Return a value with its secrets filled in from the environment."""
    if isinstance(value, str):
        return _NAME.sub(lambda found: os.environ[found[1]], value)
    if isinstance(value, Mapping):
        return {name: revealed(item) for name, item in value.items()}
    return [revealed(item) for item in value] if isinstance(value, (list, tuple)) else value


def taken(names: Iterable[str]) -> dict[str, str]:
    """Return secrets by name from the environment.

    Raises
    ------
    ReportError
        A name is not set, or what it holds is too short to be scrubbed.
    """
    found: dict[str, str] = {}
    for name in sorted(names):
        if name not in os.environ:
            near = unknown_name("environment variable", name, _near(name))
            raise ReportError(f"the recipe takes a secret from ${{{name}}}: {near} Set it first.")
        if len(os.environ[name]) < _SHORTEST:
            raise ReportError(
                f"the secret in ${{{name}}} must have at least {_SHORTEST} characters, so that it "
                f"can be told from other text and scrubbed; found {len(os.environ[name])}."
            )
        found[name] = os.environ[name]
    return found


def refuse_written(value: Any, place: str) -> None:
    """Refuse a secret that is written out: a password in a URL, or below a telling name.

    Raises
    ------
    ReportError
        With the place, never with the secret.
    """
    if isinstance(value, Mapping):
        for name, item in value.items():
            if _TELLING.search(str(name)) and isinstance(item, str) and item and not named(item):
                raise _written(f"{place}.{name}", str(name))
            refuse_written(item, f"{place}.{name}")
    elif isinstance(value, (list, tuple)):
        for item in value:
            refuse_written(item, place)
    elif isinstance(value, str) and _password(value):
        raise _written(f"{place} (a password in a URL)", "password")


@contextmanager
def scrubbed_errors(scrub: Scrubber) -> Iterator[None]:
    """Let no refusal carry a secret out."""
    try:
        yield
    except RelmarkError as error:
        said = scrub(str(error))
        if said == str(error):
            raise
        raise type(error)(said) from None


def _forms(secret: str) -> set[str]:
    """A secret as it is, and as JSON, HTML, URLs, Python and base64 write it, also doubly."""
    ways: tuple[Callable[[str], str], ...] = (
        lambda text: json.dumps(text)[1:-1],
        lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
        lambda text: repr(text)[1:-1],
        escape,
        lambda text: escape(text, quote=False),
        lambda text: quote(text, safe=""),
        quote,
        quote_plus,
    )
    once = {secret, *(way(secret) for way in ways)}
    coded = b64encode(secret.encode()).decode()
    return {*once, *(way(form) for form in once for way in ways), coded, coded.rstrip("=")}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _texts(item)


def _near(name: str) -> list[str]:
    """Names of variables that look alike; the others are nobody's business."""
    from difflib import get_close_matches

    return get_close_matches(name, list(os.environ), n=3, cutoff=0.7)


def _password(text: str) -> bool:
    if "://" not in text:
        return False
    try:
        password = urlsplit(text).password
    except ValueError:
        return False
    return bool(password) and not named(password)


def _written(place: str, name: str) -> ReportError:
    return ReportError(
        f"{place} must not be written out: recipes are kept and shown. Write "
        f"${{{re.sub(r'[^A-Z0-9]+', '_', name.upper())}}} and set that environment variable."
    )
