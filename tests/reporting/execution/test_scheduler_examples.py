"""The examples for schedulers: their commands run, and their files are valid."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from relmark_research import cli
from relmark_research.reporting.recipe.parameters import read_parameters
from relmark_research.reporting.record.manifest import read_manifest
from tests.reporting.books import write_notebook, write_recipe

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project such as the examples have in /srv/reports, with a small notebook."""
    folder = tmp_path_factory.mktemp("srv")
    write_notebook(folder / "notebooks", "speaks", "1 + 1", parameters="as_of = None")
    write_recipe(folder, "title: T\nnotebooks: [speaks]", name="own")
    program = folder / ".venv" / "bin" / "relmark"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m relmark_research "$@"\n')
    program.chmod(0o755)
    return folder


@pytest.fixture
def environment(monkeypatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_the_line_for_cron_runs(project, environment):
    lines = (EXAMPLES / "crontab").read_text().splitlines()
    jobs = [line for line in lines if line and not re.match(r"#|[A-Z]+=", line)]
    assert len(jobs) == 1
    *when, command = jobs[0].split(maxsplit=5)
    assert [bool(re.fullmatch(r"\*|\d+", part)) for part in when] == [True] * 5
    assert "%" not in command  # which cron takes for the end of the line
    done = subprocess.run(
        ["/bin/sh", "-c", command], env={**os.environ, "PROJECT": str(project)}, check=False
    )
    log = (project / "relmark.log").read_text().splitlines()
    assert done.returncode == cli.DONE, log
    assert Path(log[-1]).is_file()
    assert read_manifest(Path(log[-1]).parent).succeeded


def test_the_service_runs_the_same_command_and_knows_our_exit_codes(project):
    service = configparser.ConfigParser(strict=False, interpolation=None)
    service.optionxform = str
    service.read(EXAMPLES / "systemd" / "relmark.service")
    words = shlex.split(service["Service"]["ExecStart"])
    (line,) = [
        each for each in (EXAMPLES / "crontab").read_text().splitlines() if "relmark run" in each
    ]
    assert shlex.join(words[1:]) in line
    assert words[0] == "/srv/reports/.venv/bin/relmark"
    assert service["Service"]["SuccessExitStatus"].split() == [str(cli.ALERT), str(cli.RUNNING)]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_accepts_the_units(tmp_path, project):
    for unit in (EXAMPLES / "systemd").iterdir():
        program = "/srv/reports/.venv/bin/relmark"
        text = unit.read_text().replace(program, f'"{program}"')  # for a path with spaces
        text = text.replace("/srv/reports", str(project))
        (tmp_path / unit.name).write_text(text)
    words = ["systemd-analyze", "verify", *map(str, sorted(tmp_path.glob("relmark.*")))]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if "Failed to initialize manager" in done.stderr:
        pytest.skip("systemd-analyze cannot work here")
    assert "relmark" not in done.stderr, done.stderr
    assert done.returncode == 0
    when = ["systemd-analyze", "calendar", "Mon *-*-* 06:00:00"]
    assert "OnCalendar=Mon *-*-* 06:00:00" in (tmp_path / "relmark.timer").read_text()
    assert subprocess.run(when, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (1, 1), (2, 2), (3, 0), (4, 4)])
def test_the_workflow_distinguishes_the_exit_codes(tmp_path, code, ends):
    workflow = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text())
    steps = {step["name"]: step for step in workflow["jobs"]["report"]["steps"] if "name" in step}
    program = tmp_path / "relmark"
    asked = shlex.quote(str(tmp_path / "asked"))
    program.write_text(f'#!/bin/sh\necho "$@" > {asked}\nexit {code}\n')
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", steps["Run"]["run"]],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == ends
    assert (tmp_path / "asked").read_text().startswith("run reports/recipes/own.yml")
    assert steps["Keep the reports"]["if"] == "always()"
    assert workflow[True]["schedule"][0]["cron"] == "0 6 * * 1"  # YAML reads "on" as true


# what they take in apache-airflow-providers-standard 1.21 and -papermill 3.13
OPERATORS = {
    "BashOperator": "bash_command env append_env output_encoding skip_on_exit_code cwd "
    "output_processor",
    "PapermillOperator": "input_nb output_nb parameters kernel_name language_name kernel_conn_id "
    "log_output nbconvert nbconvert_args",
}
ANY_TASK = {"task_id", "trigger_rule"}


class Task:
    """An operator of Airflow, as far as the example needs one."""

    def __init__(self, **given) -> None:
        self.given = given

    def __rshift__(self, other: "Task") -> "Task":
        return other


@pytest.fixture
def airflow(monkeypatch) -> list[Task]:
    """What the example makes, with the modules that it imports: Airflow is not installed here."""
    made: list[Task] = []

    def operator(name: str) -> Callable[..., Task]:
        def make(**given) -> Task:
            assert given.keys() <= {*OPERATORS[name].split(), *ANY_TASK}
            made.append(Task(**given))
            return made[-1]

        return make

    class Dag:
        def __init__(self, **given) -> None:
            assert given["max_active_runs"] == 1

        def __enter__(self) -> "Dag":
            return self

        def __exit__(self, *given) -> None:
            """Leave."""

    names = {
        "airflow": {"DAG": Dag},
        "airflow.providers": {},
        "airflow.providers.standard": {},
        "airflow.providers.standard.operators": {},
        "airflow.providers.standard.operators.bash": {"BashOperator": operator("BashOperator")},
        "airflow.providers.papermill": {},
        "airflow.providers.papermill.operators": {},
        "airflow.providers.papermill.operators.papermill": {
            "PapermillOperator": operator("PapermillOperator")
        },
        "pendulum": {"datetime": lambda *given, tz: given},
    }
    for name, content in names.items():
        module = types.ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    exec(compile((EXAMPLES / "airflow_dag.py").read_text(), "airflow_dag.py", "exec"), {})
    return made


@pytest.mark.slow
def test_the_dag_uses_existing_options(airflow, project, monkeypatch, environment):
    ours, papermills = airflow
    command = ours.given["bash_command"].replace("{{ data_interval_end | ds }}", "2026-11-21")
    assert "{{" not in command
    assert ours.given["skip_on_exit_code"] == cli.ALERT
    done = subprocess.run(["bash", "-c", command], cwd=project, capture_output=True, check=False)
    assert done.returncode == cli.DONE, done.stderr
    assert read_manifest(project / "reports" / "runs" / "own" / "latest").as_of == "2026-11-21"
    book = ROOT / papermills.given["input_nb"].removeprefix("/srv/reports/")
    known = {parameter.name for parameter in read_parameters(book)}
    assert papermills.given["parameters"].keys() <= known
    assert papermills.given["trigger_rule"] == "none_failed"


def test_the_container_file_uses_existing_commands():
    text = (EXAMPLES / "Containerfile").read_text().replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and line[0] != "#"]
    words = [word for word, _ in lines]
    assert words[0] == "FROM"
    assert set(words) <= {"FROM", "RUN", "USER", "WORKDIR", "STOPSIGNAL", "ENTRYPOINT", "CMD"}
    for word, rest in lines:
        if word == "RUN":
            checked = subprocess.run(["bash", "-n", "-c", rest], capture_output=True, check=False)
            assert checked.returncode == 0, rest
        if word in ("ENTRYPOINT", "CMD"):
            assert isinstance(yaml.safe_load(rest), list)
    assert lines[-1][1] == '["run", "reports/recipes/cdnow.yml"]'
    assert words.index("USER") < words.index("ENTRYPOINT")
    commands = {
        command.name or command.callback.__name__ for command in cli.app.registered_commands
    }
    asked = re.findall(r"relmark (init|run)", text)
    assert set(asked) <= commands
    assert (ROOT / "reports" / "recipes" / "cdnow.yml").is_file()
