"""Copies for students have no solutions, and edited copies are not overwritten."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from relmark_research.cli import exit_code
from relmark_research.errors import ParameterError, ReportError
from relmark_research.teaching.copies import student_copy, tags, teacher_copy, write_copies

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "notebooks" / "lessons").glob("*.ipynb"))


@pytest.fixture
def lesson():
    def tag(name):
        return {"tags": [name]}

    cells = [
        new_markdown_cell("### Exercise 1.1: how many?", metadata=tag("exercise")),
        new_markdown_cell("Count them.", metadata=tag("hint")),
        new_code_cell("helper = 2\nanswer = helper + 40", metadata=tag("solution")),
        new_code_cell('check("1.1", answer)', metadata=tag("check"), execution_count=3),
        new_markdown_cell("Because they are forty-two.", metadata=tag("solution")),
    ]
    cells[3].outputs = [nbformat.v4.new_output("stream", text="42")]
    return new_notebook(cells=cells)


@pytest.fixture
def source(tmp_path, lesson):
    folder = tmp_path / "source"
    folder.mkdir()
    nbformat.write(lesson, folder / "01_counting.ipynb")
    return folder


def test_a_solution_becomes_three_dots_for_the_checked_name(lesson):
    cells = student_copy(lesson).cells
    assert cells[2].source == "# your answer:\nanswer = ..."
    assert cells[2].metadata["tags"] == ["answer"]
    assert cells[4].source == "*Your answer:*"
    assert [cells[i].source for i in (0, 1, 3)] == [lesson.cells[i].source for i in (0, 1, 3)]
    assert "helper" in lesson.cells[2].source, "the source is left alone"


def test_copies_have_no_outputs(lesson):
    for copy in (student_copy(lesson), teacher_copy(lesson)):
        nbformat.validate(copy)
        assert copy.cells[3].outputs == []
        assert copy.cells[3].execution_count is None
    assert "helper" in teacher_copy(lesson).cells[2].source


def test_an_edited_copy_is_never_overwritten(tmp_path, source):
    out = tmp_path / "out"
    assert [path.parent.name for path in write_copies(out, source=source).written] == [
        "student",
        "teacher",
    ]
    mine = out / "student" / "01_counting.ipynb"
    book = nbformat.read(mine, as_version=4)
    book.cells[2].source = "# your answer:\nanswer = 41"
    nbformat.write(book, mine)
    again = write_copies(out, source=source)
    assert again.unchanged == (mine,)
    assert "41" in mine.read_text()


def test_a_copy_that_was_only_run_is_replaced(tmp_path, source):
    out = tmp_path / "out"
    mine = write_copies(out, source=source).written[0]
    book = nbformat.read(mine, as_version=4)
    book.cells[3].outputs = [nbformat.v4.new_output("stream", text="not yet")]
    nbformat.write(book, mine)
    assert write_copies(out, source=source).unchanged == ()
    assert "not yet" not in mine.read_text()


def test_the_command_reports_edited_copies(tmp_path, capsys):
    assert exit_code(["lessons", str(tmp_path / "ours")]) == 0
    said = capsys.readouterr()
    assert "jupyter lab" in said.out
    mine = tmp_path / "ours" / "student" / "03_alive_or_gone.ipynb"
    mine.write_text(mine.read_text().replace("# your answer:", "# mine:", 1))
    assert exit_code(["lessons", str(tmp_path / "ours")]) == 0
    assert f"{mine} has been edited" in capsys.readouterr().err


def test_a_new_project_has_copies_without_solutions(tmp_path, capsys):
    assert exit_code(["init", str(tmp_path / "ours")]) == 0
    said = capsys.readouterr().out
    files = [path for path in (tmp_path / "ours").rglob("*") if path.is_file()]
    assert said.startswith(f"{len(files)} files in ")
    assert "jupyter lab lessons/student" in said
    copies = sorted((tmp_path / "ours" / "lessons" / "student").glob("*.ipynb"))
    assert [path.name for path in copies] == [path.name for path in LESSONS]
    for path in files:
        if path.suffix == ".ipynb":
            cells = nbformat.read(path, as_version=4).cells
            assert not [cell for cell in cells if "solution" in tags(cell)], path
    assert any("answer" in tags(cell) for cell in nbformat.read(copies[0], as_version=4).cells)


def test_each_kind_of_copy_can_be_written_alone(tmp_path, source):
    assert {path.parent.name for path in _made(tmp_path, source, "student")} == {"student"}
    assert {path.parent.name for path in _made(tmp_path, source, "teacher")} == {"teacher"}
    with pytest.raises(ParameterError, match="kind of copy"):
        write_copies(tmp_path, source=source, kinds=("pupil",))


def _made(folder, source, kind):
    return write_copies(folder, source=source, kinds=(kind,)).written


def test_errors_of_writing_copies(tmp_path, source):
    with pytest.raises(ReportError, match="found none"):
        write_copies(tmp_path, source=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="cannot be written"):
        write_copies(tmp_path / "file", source=source)
    broken = tmp_path / "out" / "student" / "01_counting.ipynb"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    with pytest.raises(ReportError, match="cannot be read as a notebook"):
        write_copies(tmp_path / "out", source=source)
