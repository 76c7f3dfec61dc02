"""Pages printed as PDF by the Chromium of the system, which fetches nothing for it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from relmark_research.errors import ReportError
from relmark_research.reporting.record.scratch import temporary_files

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PATIENCE = 120.0  # seconds for one page
_ARGUMENTS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--no-pdf-header-footer",
    "--hide-scrollbars",
)


def find_browser() -> str:
    """Return the command of an installed Chromium, or of the one in ``RELMARK_CHROMIUM``.

    Raises
    ------
    ReportError
        There is none.
    """
    named = os.environ.get("RELMARK_CHROMIUM")
    found = next(filter(None, map(shutil.which, [named] if named else _NAMES)), None)
    if found is None:
        raise ReportError(
            f"--pdf needs a Chromium; found none of {', '.join([named] if named else _NAMES)}. "
            "Install it (apt-get install chromium), or name it in RELMARK_CHROMIUM."
        )
    return found


def print_pages(folder: Path, browser: str) -> list[Path]:
    """Print every page of a run as PDF beside it; what cannot be printed is said.

    Parameters
    ----------
    folder
        Of the run.
    browser
        As `find_browser` gives it.
    """
    made = []
    with temporary_files() as home:
        for page in sorted(folder.glob("*.html")):
            target = page.with_suffix(".pdf")
            said = _print(page, target, browser, home)
            if target.is_file():
                made.append(target)
            else:
                print(f"relmark: no PDF of {page.name}: {said}", file=sys.stderr, flush=True)
    return made


def _print(page: Path, target: Path, browser: str, home: Path) -> str:
    """Print one page; return what went wrong."""
    root = ["--no-sandbox"] if os.getuid() == 0 else []  # Chromium refuses root a sandbox
    words = [browser, *_ARGUMENTS, *root, f"--user-data-dir={home}", f"--print-to-pdf={target}"]
    try:
        done = subprocess.run(
            [*words, page.absolute().as_uri()],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}: {error}"
    return (done.stderr.strip().splitlines() or [f"it ended with code {done.returncode}"])[-1]
