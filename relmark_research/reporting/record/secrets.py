"""Secrets: written in a recipe as ``${NAME}``, read from the environment, never stored.

A recipe, a manifest and a job hold only the name. The process of the notebook fills in the secret
just before it runs, and a `Scrubber` replaces the secret by its name in everything it writes.
"""

import hashlib
import json
import os
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from relmark_research.errors import RelmarkError, ReportError, unknown_name

NAMES_VARIABLE = "RELMARK_SECRETS"  # names of the secrets, for the processes of a notebook
PRIVATE_VARIABLE = "RELMARK_PRIVATE"  # path of the file with their values

_MIN_LENGTH = 6
_COST = 2**14  # of a fingerprint: about 30 milliseconds and 16 MB
_NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_ANSI = re.compile(r"(\\u001b|\x1b)\[[0-9;]*m")  # a colour code can split a secret
_SECRET_VARIABLE = re.compile(
    r"(pass(word|wd|phrase)?|secret|token|(api|access|private|id)_?key|credentials?)$", re.I
)
_SECRET_LOOKS = 8  # characters from which the value of such a variable is taken for a secret
_SECRET_KEY = re.compile(r"(pass(word|wd|phrase)?|secret|token|api_?key|credentials?)$", re.I)


@dataclass(frozen=True)
class Scrubber:
    """Replaces secrets by their names, in every encoding.

    Attributes
    ----------
    replacements
        Pairs of an encoded secret and its replacement, the longest first.

    Examples
    --------
    >>> Scrubber.from_secrets({"PASSWORD": "p&ss/word"})("https://me:p%26ss%2Fword@host")
    'https://me:${PASSWORD}@host'
    """

    replacements: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_secrets(cls, secrets: Mapping[str, str]) -> "Scrubber":
        """Return the scrubber of secrets by name."""
        replacements = {
            encoded: f"${{{name}}}"
            for name, secret in secrets.items()
            for part in (secret, *_passwords_in(secret))
            for encoded in _encodings(part)
        }
        return cls(tuple(sorted(replacements.items(), key=lambda pair: -len(pair[0]))))

    @classmethod
    def from_environment(cls) -> "Scrubber":
        """Return the scrubber of the secrets of this process."""
        found = private_environment()
        names = found.get(NAMES_VARIABLE, "").split()
        return cls.from_secrets({name: found[name] for name in names if found.get(name)})

    def __call__(self, text: str) -> str:
        """Return the text without the secrets."""
        if not self.replacements:
            return text
        text = _ANSI.sub("", text)
        for encoded, name in self.replacements:
            text = text.replace(encoded, name)
        return text


def secret_names(value: Any) -> set[str]:
    """Return the names of all secrets in a text, a list or a mapping.

    Examples
    --------
    >>> sorted(secret_names({"source": "postgresql://${USER}:${PASSWORD}@host/sales"}))
    ['PASSWORD', 'USER']
    """
    return {name for text in _texts(value) for name in _NAME.findall(text)}


def fill_in_secrets(value: Any) -> Any:
    """Return a text, list or mapping with its secrets filled in from the environment."""
    if isinstance(value, str):
        return _NAME.sub(lambda match: private_environment()[match[1]], value)
    if isinstance(value, Mapping):
        return {name: fill_in_secrets(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [fill_in_secrets(item) for item in value]
    return value


def private_environment() -> Mapping[str, str]:
    """Return the environment, with the values that a run hands its notebooks in a private file.

    The environment with which a process starts is copied into crash reports and process lists; the
    file is not.
    """
    path = Path(os.environ.get(PRIVATE_VARIABLE, ""))
    if not path.is_file():
        return os.environ
    return {**os.environ, **json.loads(path.read_text(encoding="utf-8"))}


def load_private_environment() -> None:
    """Put the values of the private file into the environment of this process, a kernel."""
    os.environ.update(private_environment())


def secrets_of_environment() -> dict[str, str]:
    """Return the variables of the environment that hold a secret.

    Their name says so, as that of ``SHOP_TOKEN``, or they are a URL with a password.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if _has_password(value)
        or (_SECRET_VARIABLE.search(name) and len(value) >= _SECRET_LOOKS and not value.isalpha())
    }


def environment_without_secrets(keep: Iterable[str] = ()) -> dict[str, str]:
    """Return the environment for a command, without the secrets that are not named."""
    named = {name for name in os.environ if _SECRET_VARIABLE.search(name)}
    hidden = named | {*secrets_of_environment(), *os.environ.get(NAMES_VARIABLE, "").split()}
    return {name: value for name, value in os.environ.items() if name not in hidden - {*keep}}


def read_secrets(names: Iterable[str]) -> dict[str, str]:
    """Return secrets by name from the environment.

    Raises
    ------
    ReportError
        A variable is not set, or its value is too short to be scrubbed safely.
    """
    secrets: dict[str, str] = {}
    for name in sorted(names):
        if name not in os.environ:
            problem = unknown_name("environment variable", name, _similar_variables(name))
            raise ReportError(
                f"the recipe reads a secret from ${{{name}}}: {problem} Set the variable first."
            )
        if len(os.environ[name]) < _MIN_LENGTH:
            raise ReportError(
                f"the secret in ${{{name}}} must have at least {_MIN_LENGTH} characters, so that "
                f"it can be recognised in text and scrubbed; found {len(os.environ[name])}."
            )
        secrets[name] = os.environ[name]
    return secrets


def check_no_plain_secrets(value: Any, place: str) -> None:
    """Raise an error if a secret is written out: a password in a URL, or the value of a key.

    Parameters
    ----------
    value
        A text, a list or a mapping of a recipe.
    place
        Location of the value in the recipe, for the error message.

    Raises
    ------
    ReportError
        The message names the place, never the secret.
    """
    if isinstance(value, Mapping):
        for name, item in value.items():
            is_plain = isinstance(item, str) and item and not secret_names(item)
            if is_plain and _SECRET_KEY.search(str(name)):
                raise _plain_secret(f"{place}.{name}", str(name))
            check_no_plain_secrets(item, f"{place}.{name}")
    elif isinstance(value, (list, tuple)):
        for item in value:
            check_no_plain_secrets(item, place)
    elif isinstance(value, str) and _has_password(value):
        raise _plain_secret(f"{place} (a password in a URL)", "password")


@contextmanager
def scrubbed_errors(scrub: Scrubber) -> Iterator[None]:
    """Remove secrets from the messages of the errors raised inside."""
    try:
        yield
    except RelmarkError as error:
        message = scrub(str(error))
        if message == str(error):
            raise
        raise type(error)(message) from None


def _encodings(secret: str) -> set[str]:
    """Return a secret in plain, JSON, HTML, URL, Python and base64 form, also applied twice."""
    encoders: tuple[Callable[[str], str], ...] = (
        lambda text: json.dumps(text)[1:-1],
        lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
        lambda text: repr(text)[1:-1],
        escape,
        lambda text: escape(text, quote=False),
        lambda text: quote(text, safe=""),
        quote,
        quote_plus,
    )
    once = {secret, *(encode(secret) for encode in encoders)}
    twice = {encode(encoded) for encoded in once for encode in encoders}
    in_base64 = b64encode(secret.encode()).decode()
    return {*once, *twice, in_base64, in_base64.rstrip("=")}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _texts(item)


def _similar_variables(name: str) -> list[str]:
    """Return the names of similar variables; the others stay private."""
    from difflib import get_close_matches

    return get_close_matches(name, list(os.environ), n=3, cutoff=0.7)


def _has_password(text: str) -> bool:
    """Return whether a text is a URL with a password that is written out."""
    if "://" not in text:
        return False
    try:
        password = urlsplit(text).password
    except ValueError:
        return False
    return bool(password) and not secret_names(password)


def _passwords_in(secret: str) -> set[str]:
    """Return the password of a URL, as it is written and as it is meant."""
    password = (urlsplit(secret).password or "") if _has_password(secret) else ""
    return {text for text in (password, unquote(password)) if len(text) >= _MIN_LENGTH}


def _plain_secret(place: str, name: str) -> ReportError:
    return ReportError(
        f"{place} must not be written out, because recipes are stored and shown. Write "
        f"${{{re.sub(r'[^A-Z0-9]+', '_', name.upper())}}} and set that environment variable."
    )


def environment_fingerprint(name: str) -> str:
    """Return a fingerprint of an environment variable's value, which does not tell the value."""
    value = os.environ.get(name)
    return "not set" if value is None else secret_fingerprint(value, name)


def secret_fingerprint(secret: str, name: str) -> str:
    """Return a fingerprint of a secret: a slow hash, so that short secrets cannot be guessed.

    Examples
    --------
    >>> one, other = secret_fingerprint("sesame", "KEY"), secret_fingerprint("sesame!", "KEY")
    >>> len(one), one == other
    (32, False)
    """
    salt = f"relmark {name}".encode("utf-8", "surrogateescape")
    text = secret.encode("utf-8", "surrogateescape")
    return hashlib.scrypt(text, salt=salt, n=_COST, r=8, p=1, dklen=16).hex()
