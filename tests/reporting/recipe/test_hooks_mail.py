"""Mail to a server on this machine with a login, encrypted by TLS or STARTTLS."""

import base64
import shutil
import socketserver
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from relmark_research import cli
from relmark_research.errors import ReportError
from relmark_research.reporting.recipe.hooks import Hook, Notification, notify
from relmark_research.reporting.recipe.recipe_file import read_recipe
from tests.reporting.books import write_notebook, write_recipe
from tests.reporting.smtp import read_message

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl for a certificate")

NEWS = Notification("monthly", "What are they worth?", "done")
WORD = "correct-horse"


class Post(socketserver.StreamRequestHandler):
    """As much of SMTP as an encrypted letter with a login needs."""

    def handle(self) -> None:
        self.encrypted = self.server.security == "tls"
        if self.encrypted:
            self.encrypt()
        self.say("220 here")
        while line := self.rfile.readline().decode().strip():
            self.server.heard.append((self.encrypted, line))
            word, _, rest = line.partition(" ")
            if word.upper() == "STARTTLS":
                self.say("220 go on")
                self.encrypt()
            elif word.upper() == "DATA":
                self.take_letter()
            else:
                self.say(self.answer(word.upper(), rest))
            if word.upper() == "QUIT":
                return

    def answer(self, word: str, rest: str) -> str:
        if word == "EHLO":
            offers = ["AUTH PLAIN", "STARTTLS"] if self.server.security != "none" else ["HELP"]
            return "\r\n".join(["250-here", *(f"250-{offer}" for offer in offers), "250 SIZE"])
        if word == "AUTH":
            given = base64.b64decode(rest.split()[-1]).split(b"\0")[1:]
            return "235 well" if given == [b"reports", WORD.encode()] else f"535 no, not {given[1]}"
        return "221 bye" if word == "QUIT" else "250 well"

    def take_letter(self) -> None:
        self.say("354 go on")
        self.server.letters.append(read_message(self.rfile))
        self.say("250 well")

    def encrypt(self) -> None:
        self.rfile.close()
        self.wfile.close()
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.encrypted = True
        self.setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class Office(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        """A client that goes away is no news here."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A certificate for localhost and its key in one file, signed by itself."""
    folder = tmp_path_factory.mktemp("certificate")
    key, made, both = (folder / name for name in ("key.pem", "made.pem", "both.pem"))
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    words += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    words += ["-keyout", str(key), "-out", str(made)]
    subprocess.run(words, check=True, capture_output=True)
    both.write_text(key.read_text() + made.read_text())
    return both


@pytest.fixture(params=["tls", "starttls"])
def office(request, certificate):
    with served(certificate, request.param) as server:
        yield server
        server.shutdown()


def served(certificate: Path, security: str) -> Office:
    server = Office(("127.0.0.1", 0), Post)
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(certificate)
    server.security, server.heard, server.letters = security, [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def letter_to(office: Office, **given) -> Hook:
    mail = {"to": ["a@example.org"], "sender": "r@example.org", "server": "localhost"}
    mail |= {"port": office.server_address[1], "security": office.security}
    return Hook(mail={**mail, "user": "reports", "password": "${MAIL_TEST_WORD}", **given})


@pytest.fixture(autouse=True)
def word(monkeypatch) -> None:
    monkeypatch.setenv("MAIL_TEST_WORD", WORD)


def test_a_mail_is_sent_encrypted_after_a_login(office, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert notify((letter_to(office),), NEWS) == []
    assert office.letters[0]["Subject"] == "What are they worth?: done"
    told = [line for encrypted, line in office.heard if not encrypted]
    assert not [line for line in told if line.upper().startswith(("AUTH", "MAIL", "RCPT"))]
    assert [line for encrypted, line in office.heard if encrypted and line.startswith("AUTH")]


def test_an_untrusted_certificate_gets_neither_password_nor_mail(office):
    (wrong,) = notify((letter_to(office),), NEWS)
    assert wrong.startswith("hook mail: the certificate of localhost is not trusted (self")
    assert "SSL_CERT_FILE" in wrong
    assert office.letters == []
    assert not [line for _, line in office.heard if line.upper().startswith(("AUTH", "MAIL"))]


def test_a_certificate_for_another_name_is_not_trusted(office, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    (wrong,) = notify((letter_to(office, server="127.0.0.1"),), NEWS)
    assert "the certificate of 127.0.0.1 is not trusted" in wrong
    assert office.letters == []


def test_a_wrong_password_is_reported_but_not_shown(office, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("MAIL_TEST_WORD", "wrong-horse")
    (wrong,) = notify((letter_to(office),), NEWS)
    assert wrong.startswith("hook mail: SMTPAuthenticationError: (535,")
    assert "wrong-horse" not in wrong
    assert office.letters == []


def test_a_server_without_starttls_gets_nothing_unencrypted(certificate):
    with served(certificate, "none") as server:
        (wrong,) = notify((letter_to(server, security="starttls"),), NEWS)
        server.shutdown()
    assert "STARTTLS extension not supported" in wrong
    assert [line.split()[0].upper() for _, line in server.heard][:1] == ["EHLO"]
    assert not [line for _, line in server.heard if line.upper().startswith(("AUTH", "MAIL"))]


@pytest.mark.parametrize("office", ["tls"], indirect=True)
def test_a_run_succeeds_if_its_mail_fails(tmp_path, office, capsys):
    write_notebook(tmp_path / "notebooks", "one", "1 + 1")
    mail = letter_to(office).mail
    hook = ", ".join(f"{key}: {value!r}" for key, value in mail.items())
    text = f"title: T\nnotebooks: [one]\nhooks: [{{mail: {{{hook}}}}}]"
    recipe = write_recipe(tmp_path, text)
    assert cli.exit_code(["run", str(recipe)]) == cli.DONE
    told = capsys.readouterr()
    assert "relmark: hook mail: the certificate of localhost is not trusted" in told.err
    assert Path(told.out.strip()).is_file()


def test_an_unencrypted_password_is_refused(tmp_path):
    write_notebook(tmp_path / "notebooks", "one", "1 + 1")
    text = (
        "title: T\nnotebooks: [one]\nhooks: [{mail: {to: [a@b.c], server: mail.example.org, "
        "user: me, password: '${MAIL_TEST_WORD}'}}]"
    )
    with pytest.raises(ReportError, match=r"hooks\.mail would send its password unencrypted"):
        read_recipe(write_recipe(tmp_path, text))
    fine = text.replace("mail.example.org", "localhost")
    assert read_recipe(write_recipe(tmp_path, fine)).hooks[0].mail["user"] == "me"
