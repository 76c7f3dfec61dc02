import base64
import json
import os
from html import escape
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relmark_research import cli
from relmark_research.errors import ReportError
from relmark_research.reporting.recipe.recipe_file import read_recipe
from relmark_research.reporting.record.secrets import (
    NAMES_VARIABLE,
    PRIVATE_VARIABLE,
    Scrubber,
    environment_without_secrets,
    fill_in_secrets,
    load_private_environment,
    read_secrets,
    secret_names,
    secrets_of_environment,
)
from tests.reporting.books import write_notebook, write_recipe

SECRET = "p&ss \"w'o\\rd/<ü>"
LEAKS = """\
import base64, os, warnings
import pandas as pd
from matplotlib import pyplot
from relmark_research.reporting import story
print(token, repr(token), os.environ['RELMARK_TEST_TOKEN'])
warnings.warn(token)
story.answer(f'It is {token}.')
story.say(f'See https://host/{token}')
story.record('figure', 1, label=f'of {token}')
_, ax = pyplot.subplots()
ax.set_title(token)
story.figure(ax, alt=f'About {token}', name='drawn')
frame = pd.DataFrame({'kept': [token, 'other'], 'n': [1, 2]}, index=[token, 'b'])
story.table(frame, caption=token, name='listed')
frame"""

texts = st.text(st.characters(codec="utf-8"), min_size=6, max_size=30)


@settings(max_examples=40)
@given(texts, texts, st.sampled_from([str, repr, escape, quote, json.dumps]))
def test_no_encoding_of_a_secret_passes(secret, around, spelled):
    said = Scrubber.from_secrets({"KEY": secret})(f"[{spelled(secret)}]")
    assert "${KEY}" in said
    assert Scrubber()(around) == around


def test_a_secret_within_a_secret_and_in_base64():
    scrub = Scrubber.from_secrets({"SHORT": "abcdef", "LONG": "abcdefghi"})
    assert scrub("abcdefghi abcdef") == "${LONG} ${SHORT}"
    assert base64.b64encode(b"abcdefghi").decode() not in scrub("YWJjZGVmZ2hp")
    assert Scrubber.from_secrets({"K": "s3cr3t!"})("\x1b[32ms3c\x1b[0mr3t!") == "${K}"


def test_names_are_found_everywhere_and_filled_in(monkeypatch):
    given = {"a": ["${ONE_KEY}", {"b": "x ${TWO_KEY} y"}], "c": 3, "d": "$ONE ${} {TWO}"}
    assert secret_names(given) == {"ONE_KEY", "TWO_KEY"}
    monkeypatch.setenv("ONE_KEY", "first!")
    monkeypatch.setenv("TWO_KEY", "second!")
    assert fill_in_secrets(given)["a"] == ["first!", {"b": "x second! y"}]
    assert read_secrets({"ONE_KEY"}) == {"ONE_KEY": "first!"}


def test_a_missing_or_short_secret_is_refused(monkeypatch):
    monkeypatch.setenv("RELMARK_HERE", "12345")
    with pytest.raises(ReportError, match=r"no environment variable 'RELMARK_HER'.*RELMARK_HERE"):
        read_secrets({"RELMARK_HER"})
    with pytest.raises(ReportError, match=r"at least 6 characters.*found 5") as caught:
        read_secrets({"RELMARK_HERE"})
    assert "12345" not in str(caught.value)


WRITTEN = [
    "data: {source: 'postgresql://me:hunter2@host/sales'}",
    "parameters: {token: hunter2}",
    "parameters: {leaks: {db_password: hunter2}}",
    "data: {source: 'dataset:cdnow', options: {api_key: hunter2}}",
    "hooks: [{webhook: {url: 'https://me:hunter2@host'}}]",
    "hooks: [{mail: {to: [a@b.c], password: hunter2}}]",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_a_secret_that_is_written_out_is_refused(tmp_path, text):
    write_notebook(tmp_path / "notebooks", "leaks", parameters="token = ''\ndb_password = ''")
    path = write_recipe(tmp_path, f"title: T\nnotebooks: [leaks]\n{text}")
    with pytest.raises(ReportError, match="must not be written out") as caught:
        read_recipe(path)
    assert "hunter2" not in str(caught.value)


@pytest.fixture(scope="module")
def leaking(tmp_path_factory):
    """A run of a notebook that shows its secret in every way that there is."""
    folder = tmp_path_factory.mktemp("leaking")
    write_notebook(folder / "notebooks", "leaks", LEAKS, parameters="token = ''")
    write_notebook(
        folder / "notebooks", "breaks", "raise ValueError(token)", parameters="token = ''"
    )
    recipe = write_recipe(
        folder,
        "title: T\nnotebooks: [leaks, breaks]\nparameters: {token: '${RELMARK_TEST_TOKEN}'}",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RELMARK_TEST_TOKEN", SECRET)
        assert cli.exit_code(["run", str(recipe), "--jobs", "2"]) == cli.FAILED
    home = folder / "reports" / "runs" / "monthly"
    return next(path for path in home.iterdir() if path.name.startswith("2"))


def test_no_file_of_a_run_holds_the_secret(leaking):
    import pandas as pd

    files = [path for path in leaking.parent.parent.rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        data = path.read_bytes()
        for spelled in (SECRET, quote(SECRET, safe=""), escape(SECRET), json.dumps(SECRET)[1:-1]):
            assert spelled.encode() not in data, (path, spelled)
    table = pd.read_parquet(leaking / "files" / "leaks" / "listed.parquet")
    assert table["kept"].tolist() == ["${RELMARK_TEST_TOKEN}", "other"]
    page = (leaking / "leaks.html").read_text()
    hidden = page.partition("base64,")[2].partition('"')[0]
    assert "${RELMARK_TEST_TOKEN}" in base64.b64decode(hidden).decode()


def test_stored_files_show_the_name(leaking, capsys):
    manifest = json.loads((leaking / "manifest.json").read_text())
    runs = {run["notebook"]: run for run in manifest["notebooks"]}
    assert runs["leaks"]["state"] == "done"
    assert runs["leaks"]["parameters"] == {"token": "${RELMARK_TEST_TOKEN}"}
    assert runs["leaks"]["answer"] == "It is ${RELMARK_TEST_TOKEN}."
    assert runs["leaks"]["key"] == ""
    assert runs["breaks"]["error"].startswith("ValueError: ${RELMARK_TEST_TOKEN} (cell")
    assert "${RELMARK_TEST_TOKEN}" in (leaking / "notebooks" / "leaks.ipynb").read_text()


def test_an_error_message_has_no_secret(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RELMARK_TEST_FILE", str(Path(tmp_path) / "secret-place.csv"))
    write_notebook(tmp_path / "notebooks", "reads", parameters="source = ''\nas_of = None")
    text = "title: T\nnotebooks: [reads]\ndata: {source: '${RELMARK_TEST_FILE}'}"
    (tmp_path / "secret-place.csv").write_text("a,b\n1,2\n")
    assert cli.exit_code(["run", str(write_recipe(tmp_path, text))]) == cli.REFUSED
    said = capsys.readouterr().err
    assert "there are: a, b" in said
    assert "secret-place" not in said


def test_figures_and_tables_can_be_downloaded(leaking):
    import re

    page = (leaking / "leaks.html").read_text()
    links = re.findall(r'<a download href="(files/[^"]+)"', page)
    assert links == [f"files/leaks/{name}" for name in ("drawn.svg", "drawn.png", "listed.parquet")]
    assert all((leaking / link).stat().st_size > 100 for link in links)
    assert (leaking / "files" / "leaks" / "drawn.png").read_bytes().startswith(b"\x89PNG")
    assert (leaking / "files" / "leaks" / "listed.csv").is_file()


class TestSecretsOfTheEnvironment:
    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch):
        monkeypatch.setenv("SHOP_TOKEN", "canary-1234")
        monkeypatch.setenv("CRM_PASSWORD", "short1")
        monkeypatch.setenv("USE_TOKEN", "disabled")
        monkeypatch.setenv("MONKEY", "canary-5678")
        monkeypatch.setenv("SHOP_DATABASE", "postgresql://me:p%26w-canary@host/sales")

    def test_a_variable_is_a_secret_by_its_name_and_value(self):
        found = secrets_of_environment()
        assert found["SHOP_TOKEN"] == "canary-1234"
        assert found["SHOP_DATABASE"] == "postgresql://me:p%26w-canary@host/sales"
        assert not {"CRM_PASSWORD", "USE_TOKEN", "MONKEY", "PATH"} & set(found)

    def test_a_command_gets_those_that_are_named(self):
        hidden = {"SHOP_TOKEN", "SHOP_DATABASE", "CRM_PASSWORD", "USE_TOKEN"}
        assert not hidden & set(environment_without_secrets())
        assert environment_without_secrets(["SHOP_TOKEN"])["SHOP_TOKEN"] == "canary-1234"
        assert "PATH" in environment_without_secrets()

    def test_the_password_of_a_url_is_taken_out_by_itself_too(self):
        scrub = Scrubber.from_secrets(secrets_of_environment())
        url = "postgresql://me:p%26w-canary@host/sales"
        assert scrub(f"{url} p%26w-canary p&w-canary") == " ".join(["${SHOP_DATABASE}"] * 3)

    def test_a_process_of_a_notebook_reads_them_from_a_private_file(self, monkeypatch, tmp_path):
        path = tmp_path / "private.json"
        path.write_text('{"DB_WORD": "canary-9999"}')
        monkeypatch.setenv(PRIVATE_VARIABLE, str(path))
        monkeypatch.setenv(NAMES_VARIABLE, "DB_WORD")
        assert "DB_WORD" not in os.environ
        assert fill_in_secrets("x ${DB_WORD}") == "x canary-9999"
        assert Scrubber.from_environment()("x canary-9999") == "x ${DB_WORD}"
        monkeypatch.setenv("DB_WORD", "")  # which the kernel's start replaces
        load_private_environment()
        assert os.environ["DB_WORD"] == "canary-9999"
