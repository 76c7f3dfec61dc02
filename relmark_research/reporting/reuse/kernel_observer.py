"""What a notebook reads: the kernel that a notebook runs in, watched by an audit hook.

``python -c START FILE KERNEL_ARGUMENTS`` starts the kernel and writes one line of JSON to the file
for everything that a notebook reads for the first time: files, listings of folders, sources of
`read_transactions` and `read_table`, environment variables, and what makes a result impossible to
check, such as the network. Values are never written. Only the standard library is imported.

Not seen: what other programs read, files that an engine opens without Python (a source of this
package is announced by the audit event ``relmark.source``), what an installed package reads from
the environment or from its own folders, and whether a file exists.
"""

import json
import os
import runpy
import site
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import source_from_cache
from types import FrameType
from typing import Any

START = f"""\
import sys
sys.path[:] = [path for path in sys.path if path]  # modules beside the notebook come last
from relmark_research.reporting.record.secrets import load_private_environment
load_private_environment()
from {__name__} import main
main(sys.argv[1:])
"""
"""Code that starts the observed kernel, with the values of the private file.

IPython adds the notebook's folder to the path again.
"""

_SYSTEM = ("/proc/", "/sys/", "/dev/", "/run/", "/usr/share/", "/usr/lib/", "/usr/lib64/")
_OF_USERS = ("/dev/shm/", "/run/media/")  # shared memory, and disks that users mount
_HOME = (
    "~/.cache/", "~/.config/matplotlib/", "~/.matplotlib/", "~/.duckdb/", "~/.ipython/",
    "~/.jupyter/", "~/.local/share/jupyter/", "~/.local/share/fonts/", "~/.fonts/",
)  # fmt: skip
_KEY_FOLDER = f"{os.sep}.relmark{os.sep}"  # with the key of pseudonyms, which is covered
_CELL = f"{os.sep}ipykernel_"  # in the file name of a cell
_CONFIGURATION = ("pydantic_settings", "environs", "decouple", "dotenv", "dynaconf")
_HARMLESS = (  # callers whose programs and connections change no result
    f"{os.sep}platform.py", f"{os.sep}uuid.py", f"{os.sep}sysconfig.py",
    os.path.join("ctypes", "util.py"), f"{os.sep}matplotlib{os.sep}",  # noqa: PTH118
)  # fmt: skip
_MAPPINGS = (f"{os.sep}os.py", f"{os.sep}_collections_abc.py", f"{os.sep}posixpath.py")
_WORKERS = (
    "multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver",
    "loky.backend.popen_loky_posix", "joblib.externals.loky.backend.popen_loky_posix",
)  # fmt: skip
_NEAR = 6  # callers
_WRITES = os.O_WRONLY | os.O_RDWR


@dataclass
class Observer:
    """Writes down what a notebook reads, each thing once.

    Attributes
    ----------
    target
        File descriptor of the file for the observations.
    ignored
        Folders whose files are covered otherwise: installed packages, scratch files, caches.
    installed, standard
        Folders of installed packages, and of the standard library.
    """

    target: int
    ignored: tuple[str, ...]
    installed: tuple[str, ...]
    standard: tuple[str, ...]
    seen: set[tuple[str, str]] = field(default_factory=set)
    busy: threading.local = field(default_factory=threading.local)

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take an audit event of Python; never raises an error."""
        handle = _HANDLERS.get(event)
        if handle is None or getattr(self.busy, "now", False):
            return
        self.busy.now = True
        try:
            handle(self, event, arguments)
        except Exception:  # noqa: BLE001  (a notebook must not fail because it is observed)
            self.note("unseen", f"an event {event!r} could not be read")
        finally:
            self.busy.now = False

    def note(self, kind: str, name: str, **details: Any) -> None:
        """Write down one thing that was read, if it is new."""
        if (kind, name) not in self.seen:
            self.seen.add((kind, name))
            line = json.dumps({"kind": kind, "name": name, **details}) + "\n"
            os.write(self.target, line.encode("utf-8", "surrogateescape"))

    def opened(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note a file that Python opens, and whether to read or to write it."""
        path, mode, flags = (*arguments, None, None)[:3]
        if path is None or isinstance(path, int):
            return
        reads, writes = _access(mode, flags)
        name = self._absolute(path)
        if name is None or os.path.isdir(name):  # noqa: PTH112
            return
        state = file_state(name)
        made = ("written", name) in self.seen or (writes and state is None)
        if reads and not made:
            self.note("file", name, state=state)
        if writes:
            self.note("written", name)

    def loaded(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note the file of a compiled module, and worker processes that inherit no hook."""
        if arguments and arguments[0] in _WORKERS:
            self.note("unseen", "it starts worker processes")
        if len(arguments) > 1 and isinstance(arguments[1], str):
            self.opened(event, (arguments[1], "r", os.O_RDONLY))

    def database(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note the file of an SQLite database."""
        name = os.fsdecode(arguments[0]) if arguments else ""
        path = name.removeprefix("file:").partition("?")[0]
        if path and ":memory:" not in name:
            for journal in ("", "-wal"):  # new rows may stand in the journal only
                self.opened(event, (path + journal, "r", os.O_RDONLY))

    def listed(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note a folder that the notebook's own code lists."""
        folder = arguments[0] if arguments else None
        if isinstance(folder, int) or not self._by_user(sys._getframe(1)):
            return
        folder = "." if folder is None else os.fsdecode(folder)
        name = self._absolute(folder.partition("*")[0] or ".")
        if name is not None and os.path.isdir(name):  # noqa: PTH112
            self.note("folder", name)

    def source(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note a source that this package reads by an engine."""
        text = str(arguments[0])
        elsewhere = "://" in text or text.startswith(("dataset:", "sample:", "env:"))
        self.note("source", text if elsewhere else os.path.abspath(text))  # noqa: PTH100

    def started(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note that another program was started; what it reads is not seen."""
        if not self._is_harmless(sys._getframe(1)):
            self.note("unseen", "it starts another program")

    def connected(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note a connection to the network."""
        address = arguments[1] if len(arguments) > 1 else None
        if isinstance(address, tuple) and not self._is_harmless(sys._getframe(1)):
            self.note("unseen", "it opens a network connection")

    def variable(self, name: str, frame: FrameType) -> None:
        """Note an environment variable that the notebook's own code reads."""
        if not getattr(self.busy, "now", False) and self._by_user(frame, passed_over=_MAPPINGS):
            self.note("environment", name)

    def _absolute(self, path: Any) -> str | None:
        """Return the absolute path of a file, or None if it is covered otherwise."""
        name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
        if name.endswith(".pyc"):
            with suppress(ValueError, NotImplementedError):
                name = source_from_cache(name)
        system = name.startswith(_SYSTEM) and not name.startswith(_OF_USERS)
        ignored = f"{name}{os.sep}".startswith(self.ignored) or _KEY_FOLDER in name
        return None if ignored or system else name

    def _by_user(self, frame: FrameType, *, passed_over: tuple[str, ...] = ("",)) -> bool:
        """Return whether the caller, apart from the standard library, is the notebook's own.

        Only modules of the standard library whose names end in one of ``passed_over`` are skipped.
        """
        for each in _callers(frame):
            name = each.f_code.co_filename
            if _CELL in name:
                return True
            if name.startswith(self.installed):
                return each.f_globals.get("__name__", "").partition(".")[0] in _CONFIGURATION
            if not name.startswith((*self.standard, "<frozen")):
                return True
            if not name.endswith((*passed_over, ">")):
                return False
        return False

    def _is_harmless(self, frame: FrameType) -> bool:
        """Return whether the kernel itself calls, or a part of a package that changes no result."""
        callers = [each.f_code.co_filename for each in _callers(frame)]
        if any(part in name for name in callers[:_NEAR] for part in _HARMLESS):
            return True
        known = (*self.installed, *self.standard, "<frozen")
        return not any(_CELL in name or not name.startswith(known) for name in callers)


_Handler = Callable[[Observer, str, tuple[Any, ...]], None]
_HANDLERS: dict[str, _Handler] = {
    "open": Observer.opened,
    "import": Observer.loaded,
    "sqlite3.connect": Observer.database,
    "os.listdir": Observer.listed,
    "os.scandir": Observer.listed,
    "glob.glob": Observer.listed,
    "relmark.source": Observer.source,
    "subprocess.Popen": Observer.started,
    "os.system": Observer.started,
    "os.exec": Observer.started,
    "os.spawn": Observer.started,
    "os.posix_spawn": Observer.started,
    "pty.spawn": Observer.started,
    "socket.connect": Observer.connected,
    "socket.sendto": Observer.connected,
}


def install(path: str, *, scratch: str) -> Observer:
    """Observe this process from now on, and write to a file.

    Parameters
    ----------
    path
        The file for the observations.
    scratch
        The private folder of the notebook's run, whose files do not count.
    """
    target = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    package = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    for _ in range(2):
        package = os.path.dirname(package)  # noqa: PTH120
    archive = f"python{sys.version_info.major}{sys.version_info.minor}.zip"  # searched for modules
    standard = _folders(
        *(path for path in sys.path if path.endswith(archive)),
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("platstdlib"),
    )
    installed = _folders(
        package,
        *(sysconfig.get_path(name) for name in ("purelib", "platlib", "scripts")),
        *site.getsitepackages(),
        site.getusersitepackages(),
    )
    private = _folders(scratch, os.environ.get("RELMARK_FILES"), os.environ.get("MPLCONFIGDIR"))
    home = tuple(os.path.expanduser(folder) for folder in _HOME)  # noqa: PTH111
    ignored = (*installed, *standard, *private, *home)
    observer = Observer(target, ignored, installed, standard)
    _observe_environment(observer)
    sys.addaudithook(observer.hook)
    observer.note("begun", today())
    return observer


def today() -> str:
    """Return the calendar day, here and in UTC."""
    now = datetime.now(UTC)
    return f"{now.astimezone().date()} (UTC {now.date()})"


def file_state(path: str) -> list[int] | None:
    """Return size, time of the last change, and number of a file; None if there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _observe_environment(observer: Observer) -> None:
    """Note every variable that the notebook's own code reads from ``os.environ`` or its bytes."""
    plain: Any = type(os.environ)

    class ObservedEnvironment(plain):
        def __getitem__(self, name: Any) -> Any:
            observer.variable(os.fsdecode(name), sys._getframe(1))
            return super().__getitem__(name)

        def __iter__(self) -> Iterator[Any]:
            observer.variable("*", sys._getframe(1))
            return super().__iter__()

    for mapping in (os.environ, os.environb) if os.supports_bytes_environ else (os.environ,):
        mapping.__class__ = ObservedEnvironment


def _access(mode: Any, flags: Any) -> tuple[bool, bool]:
    """Return whether an opened file is read, and whether it is written."""
    if isinstance(flags, int):
        access = flags & (os.O_RDONLY | _WRITES)
        return access != os.O_WRONLY, bool(access & _WRITES)
    text = str(mode or "r")
    return "r" in text or "+" in text, any(sign in text for sign in "wax+")


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        if frame.f_code.co_filename != __file__:
            yield frame
        frame = frame.f_back


def _folders(*paths: str | None) -> tuple[str, ...]:
    """Return folders as prefixes of paths, as they are named and as they really are."""
    named = {os.path.abspath(path) for path in paths if path}  # noqa: PTH100
    named |= {os.path.realpath(path) for path in named}
    return tuple(f"{path}{os.sep}" for path in sorted(named))


def main(arguments: list[str]) -> None:
    """Start the observed kernel."""
    path, *rest = arguments
    install(path, scratch=os.path.dirname(path))  # noqa: PTH120
    sys.argv = ["ipykernel_launcher", *rest]
    runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)
