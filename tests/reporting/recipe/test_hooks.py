"""Hooks with a mail server, a web server and a command on this machine."""

import json
import socketserver
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from relmark_research.errors import ReportError
from relmark_research.reporting.execution.runner import run_recipe
from relmark_research.reporting.recipe.hooks import Hook, Notification, notify
from relmark_research.reporting.recipe.recipe_file import read_recipe
from relmark_research.reporting.record.manifest import KeyFigure, Manifest, NotebookRun
from tests.reporting.books import write_notebook, write_recipe
from tests.reporting.smtp import read_message

FIGURE = KeyFigure("total_clv", 237218.6, 233289.0, 241214.0, "USD", "Value of all customers")
RUN = NotebookRun("03", "done", "Worth?", answer="Much.", key_figures=(FIGURE,))
MANIFEST = Manifest("monthly", "T", "20261121-060000", "2026", notebooks=(RUN,))
MAIL = {"to": ["a@example.org", "b@example.org"], "sender": "r@example.org", "server": "127.0.0.1"}
MAIL |= {"security": "none", "user": None, "password": None}


class Post(socketserver.StreamRequestHandler):
    """As much of SMTP as a letter needs."""

    def handle(self) -> None:
        self.say(b"220 here")
        recipients = []
        while line := self.rfile.readline():
            word = line.split(b" ")[0].strip().upper()
            if word == b"RCPT":
                recipients.append(line.decode().strip())
            if word == b"DATA":
                self.say(b"354 go on")
                self.server.letters.append((recipients, read_message(self.rfile)))
            self.say(b"221 bye" if word == b"QUIT" else b"250 well")

    def say(self, words: bytes) -> None:
        self.wfile.write(words + b"\r\n")


class Web(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *given) -> None:
        """Say nothing."""


def served(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def post():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Post) as server:
        server.letters = []
        yield served(server)
        server.shutdown()


@pytest.fixture
def web():
    with HTTPServer(("127.0.0.1", 0), Web) as server:
        server.heard, server.answer = [], 204
        yield served(server)
        server.shutdown()


@pytest.fixture
def news(tmp_path):
    return Notification("monthly", "What are they\nworth?", "done", run=tmp_path, manifest=MANIFEST)


def test_a_mail_has_state_figures_and_path(post, news):
    hook = Hook(mail={**MAIL, "port": post.server_address[1]})
    assert notify((hook,), news) == []
    ((recipients, letter),) = post.letters
    assert [line.partition("<")[2] for line in recipients] == ["a@example.org>", "b@example.org>"]
    assert letter["Subject"] == "What are they worth?: done"
    text = letter.get_content()
    assert "Value of all customers: $237,000 (233,000 to 241,000)" in text
    assert str(news.run / "index.html") in text


def test_a_path_of_any_length_arrives_in_a_mail(post, news):
    """Mail breaks long lines anywhere: before a dot, which SMTP doubles, or within a character."""
    hook = Hook(mail={**MAIL, "port": post.server_address[1]})
    for length in range(160):
        news = replace(news, run=Path("/srv", "a" * length, "v0.1 of.." + "é" * (length % 2)))
        assert notify((hook,), news) == []
        assert str(news.run / "index.html") in post.letters[-1][1].get_content()


def test_a_title_cannot_add_a_header(post, news):
    evil = replace(news, title="T\r\nBcc: everyone@example.org\r\n\r\nBuy")
    assert notify((Hook(mail={**MAIL, "port": post.server_address[1]}),), evil) == []
    assert "Bcc" not in post.letters[0][1]


def test_a_webhook_posts_the_manifest(web, news, monkeypatch):
    monkeypatch.setenv("HOOK_TEST_TOKEN", "let-me-in")
    url = f"http://127.0.0.1:{web.server_address[1]}/hook/${{HOOK_TEST_TOKEN}}"
    hook = Hook(webhook={"url": url, "headers": {"X-Key": "${HOOK_TEST_TOKEN}"}})
    assert notify((hook,), news) == []
    ((path, headers, said),) = web.heard
    assert path == "/hook/let-me-in"
    assert headers["X-Key"] == "let-me-in"
    assert (said["state"], said["recipe"]) == ("done", "monthly")
    assert said["manifest"]["notebooks"][0]["key_figures"][0]["name"] == "total_clv"
    web.answer = 500
    (wrong,) = notify((hook,), news)
    assert "500" in wrong
    assert "let-me-in" not in wrong


def test_a_command_reads_environment_and_input(tmp_path, news):
    code = (
        "import json, os, sys; said = json.load(sys.stdin);"
        f"open({str(tmp_path / 'told')!r}, 'w').write(os.environ['RELMARK_STATE'] + said['title'])"
    )
    assert notify((Hook(command=(sys.executable, "-c", code)),), news) == []
    assert (tmp_path / "told").read_text() == "doneWhat are they\nworth?"


def test_a_failed_hook_is_reported_and_the_others_run(web, news):
    url = f"http://127.0.0.1:{web.server_address[1]}/"
    hooks = (
        Hook(command=("false",)),
        Hook(command=("no-such-program-anywhere",)),
        Hook(mail={**MAIL, "port": 1}),
        Hook(webhook={"url": "file:///etc/passwd", "headers": {}}),
        Hook(webhook={"url": url, "headers": {}}),
    )
    wrong = notify(hooks, news)
    assert len(wrong) == 4
    assert wrong[0].startswith("hook command false: CalledProcessError")
    assert "must begin with https" in wrong[3]
    assert len(web.heard) == 1


@pytest.mark.parametrize(
    ("when", "ends"),
    [
        (("always",), {"done", "failed", "alert", "refused"}),
        (("done",), {"done"}),
        (("failed", "alert"), {"failed", "alert", "refused"}),
    ],
)
def test_a_hook_applies_to_its_results(when, ends):
    hook = Hook(when=when)
    assert {end for end in ("done", "failed", "alert", "refused") if hook.applies_to(end)} == ends


MISTAKES = {
    "[{when: never, command: x}]": "hooks.when must be 'always', 'done', 'failed' or 'alert'",
    "[{command: x, mail: {to: [a]}}]": "hook 1 must have one of command, mail and webhook",
    "[{when: done}]": "found none",
    "[{mail: {too: [a]}}]": "no key in hooks.mail 'too'.*Did you mean 'to'",
    "[{mail: {}}]": "'hooks.mail.to' is missing. Every mail has to",
    "[{mail: {to: [a], port: 99999}}]": "hooks.mail.port must be at most 65535",
    "[{mail: {to: [a], security: ssl}}]": "hooks.mail.security must be 'none', 'starttls'",
    "[{webhook: {url: 3}}]": "hooks.webhook.url must be text",
    '[{command: "a \'b"}]': "hooks.command is not a command line",
    "{command: x}": "hooks must be a list",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_has_a_clear_message(tmp_path, text):
    write_notebook(tmp_path / "notebooks", "one")
    path = write_recipe(tmp_path, f"title: T\nnotebooks: [one]\nhooks: {text}")
    with pytest.raises(ReportError, match=MISTAKES[text]):
        read_recipe(path)


def test_a_refusal_is_notified(tmp_path, web):
    write_notebook(tmp_path / "notebooks", "one")
    url = f"http://127.0.0.1:{web.server_address[1]}/"
    hooks = f"[{{webhook: {{url: '{url}'}}}}]"
    text = f"title: T\nnotebooks: [one]\nparameters: {{margn: 1}}\nhooks: {hooks}"
    with pytest.raises(ReportError, match="margn"):
        run_recipe(write_recipe(tmp_path, text))
    assert web.heard[0][2]["state"] == "refused"
    assert "Did you mean 'margin'" in web.heard[0][2]["said"]


@pytest.mark.parametrize("has_run", [True, False])
def test_a_command_is_given_the_run_and_its_index(tmp_path, news, has_run):
    names = ("RECIPE", "STATE", "RUN", "INDEX")
    code = (
        "import json, os; "
        f"found = [os.environ['RELMARK_' + n] for n in {names}]; "
        f"json.dump(found, open({str(tmp_path / 'a')!r}, 'w'))"
    )
    given = news if has_run else replace(news, run=None)
    assert notify((Hook(command=(sys.executable, "-S", "-c", code)),), given) == []
    paths = [str(tmp_path), str(tmp_path / "index.html")] if has_run else ["", ""]
    assert json.loads((tmp_path / "a").read_text()) == ["monthly", "done", *paths]


def test_a_command_holds_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAT_TOKEN", "canary-token-1")
    write_notebook(tmp_path / "notebooks", "one")
    hooks = "hooks: [{command: [post, '${CHAT_TOKEN}']}]"
    path = write_recipe(tmp_path, f"title: T\nnotebooks: [one]\n{hooks}")
    with pytest.raises(ReportError, match=r"every user .* Write secrets: \[CHAT_TOKEN\]"):
        read_recipe(path)


@pytest.mark.parametrize("named", [(), ("CHAT_TOKEN",)])
def test_a_command_sees_the_secrets_that_it_names(tmp_path, news, monkeypatch, named):
    monkeypatch.setenv("CHAT_TOKEN", "canary-token-1")
    monkeypatch.setenv("OTHER_PASSWORD", "canary-word-2")
    code = (
        "import os, pathlib; pathlib.Path('seen').write_text("
        "' '.join(sorted(n for n in os.environ if n in ('CHAT_TOKEN', 'OTHER_PASSWORD'))))"
    )
    monkeypatch.chdir(tmp_path)
    hook = Hook(command=(sys.executable, "-S", "-c", code), secrets=named)
    assert notify((hook,), news) == []
    assert (tmp_path / "seen").read_text() == " ".join(named)
