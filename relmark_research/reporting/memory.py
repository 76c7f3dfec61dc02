"""How much memory a notebook's processes hold, and how much they may."""

import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LOOK = 1.0  # seconds between two looks for new processes
_SHARE = 0.8  # of the machine's memory, where a recipe sets no limit
_CGROUP = Path("/sys/fs/cgroup/memory.max")


@dataclass
class Tree:
    """A process and all that descend from it.

    Attributes
    ----------
    root
        The id of the first process.
    peak
        The most that they were seen to hold at once [bytes].
    """

    root: int
    peak: int = 0
    looked: float = float("-inf")
    known: list[Any] = field(default_factory=list)

    def measure(self) -> int:
        """Return what they hold now, resident in memory [bytes]."""
        import psutil

        if time.monotonic() - self.looked > _LOOK:
            self.looked = time.monotonic()
            try:
                first = psutil.Process(self.root)
                self.known = [first, *first.children(recursive=True)]
            except psutil.Error:
                self.known = []
        held = sum(_resident(process) for process in self.known)
        self.peak = max(self.peak, held)
        return held


def machine_limit() -> int:
    """Return four fifths of the memory that this machine, or its container, has [bytes]."""
    import psutil

    total = int(psutil.virtual_memory().total)
    with suppress(OSError, ValueError):  # no control group, or "max"
        total = min(total, int(_CGROUP.read_text(encoding="utf-8")))
    return int(total * _SHARE)


def _resident(process: Any) -> int:
    import psutil

    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
