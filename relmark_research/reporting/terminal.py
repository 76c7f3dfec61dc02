"""What a run says while it runs: a bar on a terminal, plain lines elsewhere; both on stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from relmark_research.reporting.making import Progress, Watch


@contextmanager
def watching() -> Iterator[Watch]:
    """Give what is called at every change of a run."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    words = TextColumn("{task.description}", markup=False)
    columns = (words, BarColumn(), MofNCompleteColumn(), TextColumn("cells"), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as shown:
        yield bars(shown)


@dataclass
class Lines:
    """Progress as one line for every change of state."""

    said: dict[str, str] = field(default_factory=dict)

    def __call__(self, progress: Progress) -> None:
        """Say where a notebook is, where that is new."""
        if self.said.get(progress.notebook) == progress.state:
            return
        self.said[progress.notebook] = progress.state
        took = f" ({progress.seconds:.1f} s)" if progress.state != "running" else ""
        took = ", unchanged since the last good run" if progress.reused else took
        say(f"{progress.notebook}: {progress.state}{took}")


def bars(shown: Any) -> Callable[[Progress], None]:
    """Return what shows progress as bars, one for each notebook."""
    tasks: dict[str, Any] = {}

    def show(progress: Progress) -> None:
        name = progress.notebook
        if name not in tasks:
            tasks[name] = shown.add_task(name, total=None)
        words = f"{name}: {'unchanged' if progress.reused else progress.state}"
        if progress.state == "running":
            done = max(progress.cell - 1, 0)
            shown.update(
                tasks[name], description=words, completed=done, total=progress.cells or None
            )
        elif progress.state == "done":
            total = next(task.total for task in shown.tasks if task.id == tasks[name]) or 1
            shown.update(tasks[name], description=words, completed=total, total=total)
        else:
            shown.update(tasks[name], description=words)

    return show


def say(text: str) -> None:
    """Say something that is not a result."""
    print(text, file=sys.stderr, flush=True)


def columns(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Give lines with their columns aligned; the last one runs free."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()
