"""Pages as PDF by a browser; a small program stands in for it."""

import os
import stat
import subprocess

import pytest

from relmark_research.errors import ReportError
from relmark_research.reporting.pages import pdf
from relmark_research.reporting.pages.pdf import find_browser, print_pages

PRINTS = """#!/bin/sh
for word in "$@"; do
  echo "$word" >> "$(dirname "$0")/words"
  case "$word" in
    --print-to-pdf=*) target="${word#--print-to-pdf=}" ;;
    --user-data-dir=*) test -d "${word#--user-data-dir=}" || exit 9 ;;
  esac
done
case "$word" in *broken*) echo first >&2; echo "no memory " >&2; exit 3 ;; esac
case "$word" in *silent*) exit 4 ;; esac
echo "%PDF" > "$target"
"""


def program(path, text):
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.fixture
def browser(tmp_path):
    return program(tmp_path / "chrome", PRINTS)


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "a run"
    folder.mkdir()
    for name in ("index.html", "a value.html", "notes.txt"):
        (folder / name).write_text("<html>")
    return folder


def words(tmp_path):
    return (tmp_path / "words").read_text().splitlines()


def test_the_chosen_browser_comes_first(browser, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("RELMARK_CHROMIUM", browser)
    program(tmp_path / "chromium", PRINTS)
    assert find_browser() == browser
    monkeypatch.delenv("RELMARK_CHROMIUM")
    assert find_browser() == str(tmp_path / "chromium")


def test_a_missing_browser_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("RELMARK_CHROMIUM", "my-chrome")
    program(tmp_path / "chromium", PRINTS)  # not the chosen one
    with pytest.raises(ReportError, match=r"--pdf needs a Chromium; found none of my-chrome\."):
        find_browser()
    monkeypatch.delenv("RELMARK_CHROMIUM")
    (tmp_path / "chromium").unlink()
    with pytest.raises(ReportError, match=r"none of chromium, chromium-browser, .*chrome\."):
        find_browser()


def test_every_page_is_printed_beside_it(browser, run, tmp_path):
    assert print_pages(run, browser) == [run / "a value.pdf", run / "index.pdf"]
    assert (run / "index.pdf").read_text() == "%PDF\n"
    assert not (run / "notes.pdf").exists()
    given = words(tmp_path)
    assert (run / "index.html").as_uri() in given
    assert {"--headless", "--no-pdf-header-footer", "--disable-background-networking"} <= set(given)


@pytest.mark.parametrize(("user", "sandboxed"), [(0, False), (1000, True)])
def test_the_sandbox_is_off_for_root_only(browser, run, tmp_path, monkeypatch, user, sandboxed):
    monkeypatch.setattr(os, "getuid", lambda: user)
    print_pages(run, browser)
    assert ("--no-sandbox" in words(tmp_path)) is not sandboxed


def test_a_page_that_cannot_be_printed_is_reported(browser, run, capsys):
    for name in ("broken", "silent"):
        (run / f"{name}.html").write_text("<html>")
    assert print_pages(run, browser) == [run / "a value.pdf", run / "index.pdf"]
    said = capsys.readouterr().err.splitlines()
    assert said[0].endswith("no PDF of broken.html: no memory")
    assert said[1].endswith("no PDF of silent.html: it ended with code 4")


def test_a_browser_that_does_not_start_or_end_is_reported(run, tmp_path, capsys, monkeypatch):
    assert print_pages(run, str(tmp_path / "none")) == []
    assert "no PDF of index.html: FileNotFoundError" in capsys.readouterr().err
    monkeypatch.setattr(pdf, "_TIMEOUT", 0.05)
    sleeping = program(tmp_path / "sleeping", "#!/bin/sh\nexec sleep 20\n")
    (run / "a value.html").unlink()
    assert print_pages(run, sleeping) == []
    assert "TimeoutExpired" in capsys.readouterr().err


def test_a_page_has_two_minutes(browser, run, monkeypatch):
    own, limits = subprocess.run, []

    def watched(command, *, timeout, **options):
        limits.append(timeout)
        return own(command, timeout=timeout, **options)

    monkeypatch.setattr(subprocess, "run", watched)
    print_pages(run, browser)
    assert limits == [120.0, 120.0]
