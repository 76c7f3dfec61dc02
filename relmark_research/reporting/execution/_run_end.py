"""The end of a run, whatever it is: the hooks are told, and a run that died is found later.

A run leaves a marker in the folder of its recipe, and removes it when the hooks have been told how
it ended. A marker whose process no longer exists is that of a run which died: it was killed, or the
machine went down. The next start of the recipe tells the hooks, the page and the terminal.
"""

import json
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from relmark_research.errors import RelmarkError, without_emails
from relmark_research.reporting.recipe.hooks import Hook, Notification, Result, notify
from relmark_research.reporting.recipe.recipe_file import Recipe, hooks_of_file
from relmark_research.reporting.record.secrets import Scrubber
from relmark_research.reporting.store.run_store import AlreadyRunningError, utc_now

_MARKER = ".running-"  # followed by the id of the process


@dataclass
class RunEnd:
    """Tells the hooks of a recipe how a run ended.

    Attributes
    ----------
    recipe
        The recipe.
    store
        The folder of its runs.
    started
        Whether a notebook may have run; before that, an error is a refusal.
    """

    recipe: Recipe
    store: Path
    started: bool = False

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Tell the hooks of every error raised inside, and of a stop by the user."""
        try:
            yield
        except AlreadyRunningError:  # the other run will tell its own end
            raise
        except BaseException as error:
            scrub = Scrubber.from_secrets(self.recipe.secrets())
            self.tell(_result_of(error, self.started), scrub(words_of(error)))
            raise
        finally:
            remove_marker(self.store)

    def tell(self, result: Result, message: str) -> None:
        """Run the hooks that apply to an end without a manifest."""
        tell(self.recipe.hooks, Notification(self.recipe.name, self.recipe.title, result, message))

    def tell_of_dead_runs(self) -> tuple[str, ...]:
        """Tell the hooks of earlier runs that died, and return a sentence for each."""
        sentences = tuple(_dead_runs(self.store))
        for sentence in sentences:
            print(f"relmark: {sentence}", file=sys.stderr, flush=True)
        if sentences:
            self.tell("died", "\n".join(sentences))
        return sentences


def tell(hooks: tuple[Hook, ...], notification: Notification) -> None:
    """Run the hooks that apply to a result, and print those that failed."""
    title, message = without_emails(notification.title), without_emails(notification.message)
    notification = replace(notification, title=title, message=message)
    for failure in notify(hooks, notification):
        print(f"relmark: {failure}", file=sys.stderr, flush=True)


def tell_of_unreadable_recipe(path: Path | str, error: Exception) -> None:
    """Run the hooks of a recipe that cannot be read, as far as its hooks can."""
    path = Path(path)
    result: Result = "refused" if isinstance(error, RelmarkError) else "failed"
    tell(hooks_of_file(path), Notification(path.stem, path.stem, result, words_of(error)))


def write_marker(store: Path) -> None:
    """Mark a run of this process, if the folder of the recipe exists."""
    if store.is_dir():
        content = {"started": utc_now().isoformat(timespec="seconds"), "born": _born(os.getpid())}
        path = store / f"{_MARKER}{os.getpid()}"
        if not path.exists():
            path.write_text(json.dumps(content), encoding="utf-8")


def remove_marker(store: Path) -> None:
    """Remove the marker of this process."""
    with suppress(OSError):
        (store / f"{_MARKER}{os.getpid()}").unlink(missing_ok=True)


def words_of(error: BaseException) -> str:
    """Return an error in words; of an unexpected one its place, as its text may hold data.

    Examples
    --------
    >>> words_of(OSError(28, "No space left on device"))
    'OSError: [Errno 28] No space left on device'
    """
    if isinstance(error, RelmarkError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "The run was stopped; nothing was published."
    if isinstance(error, OSError):
        return f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return (
        f"unexpected {type(error).__name__}{where}. Its text is not shown, because it may hold "
        "data. Run the recipe in a Python session to see it."
    )


def _result_of(error: BaseException, started: bool) -> Result:
    if isinstance(error, KeyboardInterrupt):
        return "stopped"
    return "refused" if isinstance(error, RelmarkError) and not started else "failed"


def _dead_runs(store: Path) -> Iterator[str]:
    """Yield a sentence for each marker of a process that no longer exists, and remove it."""
    for path in sorted(store.glob(f"{_MARKER}*")) if store.is_dir() else ():
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            process, started = int(path.name.removeprefix(_MARKER)), str(content["started"])
            if _born(process) == content["born"]:
                continue
        except (OSError, ValueError, KeyError, TypeError):  # killed while it was written
            started = "an unknown time"
        path.unlink(missing_ok=True)
        yield (
            f"the run started at {started} did not reach its end: it was killed, or the machine "
            "went down. What it had not published is lost."
        )


def _born(process: int) -> float | None:
    """Return when a process started, or None if there is no such process."""
    import psutil

    try:
        found = psutil.Process(process)
        return None if found.status() == psutil.STATUS_ZOMBIE else float(found.create_time())
    except psutil.Error:
        return None
