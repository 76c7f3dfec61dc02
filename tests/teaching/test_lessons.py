"""Every lesson runs, has its sections in order, passes its checks, and sources its numbers."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from relmark_research.teaching.copies import student_copy, tags
from relmark_research.teaching.exercises import (
    Exercise,
    agree,
    check,
    find,
    lesson_exercises,
    lessons,
    value_of,
)
from tests.teaching.prose import bare_figures, fixed_prose, numbers_of, prose

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "notebooks" / "lessons").glob("*.ipynb"))

# in the order in which each first appears
RHYTHM = (
    "question", "by_hand", "formula", "five_lines", "call", "mistake", "repair", "picture",
    "slider", "exercise", "hint", "solution", "check", "key_ideas", "references",
)  # fmt: skip
EXERCISE = ["exercise", "hint", "solution", "check"]
CPU_SECONDS = 12  # about twice what a lesson may take on a quiet machine

every_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def number(path: Path) -> str:
    return str(int(path.stem[:2]))


@cache
def lesson(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def tagged(path: Path, tag: str) -> list[Any]:
    return [cell for cell in lesson(path).cells if tag in tags(cell)]


def keys(path: Path) -> list[str]:
    return [re.search(r'check\("([\d.]+)"', cell.source)[1] for cell in tagged(path, "check")]


def test_every_lesson_has_answers():
    assert LESSONS
    assert {number(path) for path in LESSONS} == set(lessons())


@every_lesson
def test_the_sections_are_in_order(path):
    order = [tag for cell in lesson(path).cells for tag in tags(cell) if tag in RHYTHM]
    assert list(dict.fromkeys(order)) == list(RHYTHM)
    assert all(len(tags(cell)) == 1 for cell in lesson(path).cells), "each cell has one tag"
    assert lesson(path).cells[0].source.startswith("# "), "the first heading is the question"
    assert lesson(path).cells[0].source.splitlines()[0].endswith("?")


@every_lesson
def test_three_to_five_exercises_of_four_cells_each(path):
    marks = [tags(cell)[0] for cell in lesson(path).cells]
    cells = [cell for cell in lesson(path).cells if tags(cell)[0] in EXERCISE]
    cells = [cell for cell in cells if not re.match(r"## ", cell.source)]  # the section's heading
    assert [tags(cell)[0] for cell in cells] == EXERCISE * (len(cells) // 4), marks
    assert 3 <= len(cells) // 4 <= 5
    assert keys(path) == [f"{number(path)}.{i + 1}" for i in range(len(cells) // 4)]
    assert keys(path) == [each.key for each in lesson_exercises(number(path))]
    headings = [cell.source for cell in cells if "exercise" in tags(cell)]
    for key, heading in zip(keys(path), headings, strict=True):
        assert heading.startswith(f"### Exercise {key}: ")


@every_lesson
def test_cells_are_short(path):
    code = [cell.source for cell in lesson(path).cells if cell.cell_type == "code"]
    sizes = [len([line for line in source.splitlines() if line.strip()]) for source in code]
    assert max(sizes) <= 12
    assert median(sizes) <= 4


@every_lesson
def test_a_lesson_has_a_small_table(path):
    cells = tagged(path, "by_hand")
    assert any(cell.cell_type == "markdown" for cell in cells)
    assert any(cell.cell_type == "code" for cell in cells)
    assert len([s for s in tagged(path, "formula")[0].source.split("$$") if s.strip()]) >= 2


@every_lesson
def test_every_number_in_prose_is_computed_cited_or_in_the_table(path):
    known = frozenset().union(*(numbers_of(cell.source) for cell in tagged(path, "by_hand")))
    bare = [figure for text in prose(lesson(path).cells) for figure in bare_figures(text, known)]
    assert bare == []
    for exercise in lesson_exercises(number(path)):
        hints = [mistake.hint for mistake in exercise.mistakes]
        assert [f for text in [exercise.meaning, *hints] for f in bare_figures(text, known)] == []


@every_lesson
def test_references_are_cited_by_year(path):
    listed = set(re.findall(r"\((\d{4})[a-z]?\)", tagged(path, "references")[0].source))
    texts = [
        c.source if c.cell_type == "markdown" else fixed_prose(c.source) for c in lesson(path).cells
    ]
    cited = set(re.findall(r"\[[^\]]*\b((?:18|19|20)\d\d)[a-z]?\]", "\n".join(texts)))
    assert listed
    assert cited <= listed


@pytest.fixture
def computed_once(monkeypatch):
    """Let `check` and the test share the answers of a lesson, some of which take long."""

    def kept(given: str | float) -> Exercise:
        exercise = find(given)
        wrong = [
            replace(each, answer=cache(each.answer)) if callable(each.answer) else each
            for each in exercise.mistakes
        ]
        return replace(exercise, answer=cache(exercise.answer), mistakes=tuple(wrong))

    kept = cache(kept)
    monkeypatch.setattr("relmark_research.teaching.exercises.find", kept)
    return lambda lesson: [kept(each.key) for each in lesson_exercises(lesson)]


@every_lesson
def test_wrong_answers_fail_with_a_hint(path, computed_once):
    for exercise in computed_once(number(path)):
        right, hints = value_of(exercise.answer), [each.hint for each in exercise.mistakes]
        assert exercise.mistakes, f"{exercise.key} recognises no mistake"
        assert check(exercise.key, right)
        for mistake in exercise.mistakes:
            wrong = value_of(mistake.answer)
            assert not agree(wrong, right, exercise.tolerance), f"{exercise.key}: {mistake.hint}"
            found = check(exercise.key, wrong)
            assert not found.correct
            assert found.message == mistake.hint, "an earlier mistake takes this one"
        assert len(set(hints)) == len(hints)
        assert not check(exercise.key, object())


@every_lesson
def test_the_students_copy_has_no_solution(path):
    student = student_copy(lesson(path))
    assert len(student.cells) == len(lesson(path).cells)
    text = "\n".join(cell.source for cell in student.cells)
    for before, after in zip(lesson(path).cells, student.cells, strict=True):
        if "solution" in tags(before):
            assert before.source not in text
            assert after.source.startswith("# your answer:" if after.cell_type == "code" else "*")
        else:
            assert after.source == before.source, "hints, checks and all else stay"


@pytest.mark.slow
@every_lesson
def test_it_runs_and_its_solutions_pass_the_checks(path, tmp_path):
    """One kernel for the lesson, then for the exercises of the student's copy, not yet answered."""
    book = nbformat.v4.new_notebook(cells=[cell.copy() for cell in lesson(path).cells])
    book.cells += [nbformat.v4.new_code_cell(source) for source in _proofs(path)]
    client = NotebookClient(
        book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    assert list(tmp_path.iterdir()) == [], "a lesson writes no files"
    cells = lesson(path).cells
    for cell, ran in zip(cells, book.cells, strict=False):
        _check_outputs(cell, ran)
    seconds = float(book.cells[-1].outputs[0]["data"]["text/plain"])
    assert seconds < CPU_SECONDS


def _proofs(path: Path) -> list[str]:
    """What the kernel is asked after the lesson: its checks pass; after three dots they do not."""
    checks = [cell.source.strip() for cell in tagged(path, "check")]
    student = student_copy(lesson(path)).cells
    blank = [cell.source for cell in student if "answer" in tags(cell) and cell.cell_type == "code"]
    return [
        *(f"assert ({each}).correct, {each}.message" for each in checks),
        *blank,
        *(f"assert not ({each}).correct" for each in checks),
        "import resource; u = resource.getrusage(resource.RUSAGE_SELF); u.ru_utime + u.ru_stime",
    ]


def _check_outputs(cell: Any, ran: Any) -> None:
    """A picture has its words, a slider its still picture, a check its verdict."""
    shown = [output for output in ran.get("outputs", []) if "data" in output]
    streams = [output for output in ran.get("outputs", []) if output.output_type == "stream"]
    assert not streams, f"a lesson prints nothing and warns of nothing: {streams}"
    pages = ["".join(output["data"].get("text/html", "")) for output in shown]
    drawn = [page for page in pages if "<svg" in page]
    assert not any("image/png" in output["data"] for output in shown), "show pictures with figure()"
    for page in drawn:
        assert len(re.search(r"<title[^>]*>([^<]*)</title>", page)[1]) > 40
    if set(tags(cell)) & {"slider"} and "slider(" in cell.source:
        assert drawn, "a slider shows its picture where nobody can move it"
        assert "Slider: " in shown[-1]["data"]["text/markdown"]
        assert not any("application/vnd.jupyter.widget-view+json" in o["data"] for o in shown)


@every_lesson
def test_a_lesson_has_a_figure_and_a_computed_sentence(path):
    pictures = "\n".join(
        cell.source for cell in tagged(path, "picture") if cell.cell_type == "code"
    )
    assert "figure(" in pictures
    assert re.search(r"say\(\s*f?[\"']", pictures)
    assert "{" in pictures
