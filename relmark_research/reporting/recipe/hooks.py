"""Whom to tell how a run ended: a command, a mail by SMTP, a webhook.

hooks:
  - when: [failed, alert]          # always, done, failed, alert; always where this line is missing
    mail: {to: [me@example.org], sender: reports@example.org, server: mail.example.org,
           port: 587, security: starttls, user: reports, password: "${MAIL_PASSWORD}"}
  - command: [notify-send, relmark]                       # told by its environment and its input
  - webhook: {url: "https://example.org/hooks/${HOOK_TOKEN}"}

A hook that fails is said on the terminal; it changes neither the reports nor the exit code.
"""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from relmark_research import formats
from relmark_research.reporting.record.manifest import KeyFigure, Manifest
from relmark_research.reporting.record.secrets import Scrubber, named, revealed, taken

if TYPE_CHECKING:
    import smtplib
    from email.message import EmailMessage

End = Literal["done", "failed", "alert", "refused"]
_PATIENCE = 30.0  # seconds for one hook


@dataclass(frozen=True)
class Hook:
    """One way to tell, as the recipe has it: exactly one of command, mail and webhook."""

    when: tuple[str, ...] = ("always",)
    command: tuple[str, ...] = ()
    mail: dict[str, Any] = field(default_factory=dict)
    webhook: dict[str, Any] = field(default_factory=dict)

    def wants(self, end: End) -> bool:
        """Whether this hook is to be told of such an end; a refusal is a failure."""
        return "always" in self.when or ("failed" if end == "refused" else end) in self.when


@dataclass(frozen=True)
class News:
    """How a run ended.

    Attributes
    ----------
    recipe, title
        Of the recipe.
    end
        ``"refused"`` where nothing ran.
    said
        Why it was refused; otherwise empty.
    run
        The folder of the run.
    manifest
        What it did.
    """

    recipe: str
    title: str
    end: End
    said: str = ""
    run: Path | None = None
    manifest: Manifest | None = None

    @property
    def subject(self) -> str:
        """The news in a line."""
        words = {"alert": "done, with an alert"}.get(self.end, self.end)
        return " ".join(f"{self.title}: {words}".split())[:200]

    def text(self) -> str:
        """Return the news as plain text for a mail."""
        lines = [self.subject, "", self.said] if self.said else [self.subject]
        if self.manifest:
            lines += [f"Alert: {alert}" for alert in self.manifest.alerts]
            for run in self.manifest.notebooks:
                lines += ["", f"{run.title or run.notebook} ({run.state})", run.answer]
                lines += [run.error] if run.error else []
                lines += [_line(figure) for figure in run.key_figures]
        lines += ["", str(self.run / "index.html")] if self.run else []
        return "\n".join(lines) + "\n"

    def to_json(self) -> str:
        """Return the news as JSON, with the text under the key that chat programs read."""
        record = json.loads(self.manifest.to_json()) if self.manifest else {}
        return json.dumps(
            {
                "text": self.text(),
                "recipe": self.recipe,
                "title": self.title,
                "state": self.end,
                "said": self.said,
                "run": str(self.run) if self.run else None,
                "manifest": record,
            }
        )


def read_hooks(sections: list[dict[str, Any]]) -> tuple[Hook, ...]:
    """Return the hooks of a recipe's section, which has been checked."""
    return tuple(
        Hook(
            tuple(section["when"]),
            tuple(section["command"] or ()),
            section["mail"] or {},
            section["webhook"] or {},
        )
        for section in sections
    )


def notify(hooks: tuple[Hook, ...], news: News) -> list[str]:
    """Tell the news to the hooks that want them, and return what went wrong, free of secrets.

    Parameters
    ----------
    hooks
        Of the recipe.
    news
        How the run ended.
    """
    wrong: list[str] = []
    for hook in hooks:
        if not hook.wants(news.end):
            continue
        way, told = _way(hook)
        scrub = Scrubber.of(taken(named([*hook.command, hook.mail, hook.webhook])))
        try:
            told(hook, news)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            kind = "" if type(error) is OSError else f"{type(error).__name__}: "
            wrong.append(scrub(f"hook {way}: {kind}{' '.join(str(error).split())}"))
    return wrong


def _way(hook: Hook) -> tuple[str, Callable[[Hook, News], None]]:
    if hook.command:
        return f"command {hook.command[0]}", _command
    return ("mail", _mail) if hook.mail else ("webhook", _webhook)


def _command(hook: Hook, news: News) -> None:
    told = {
        "RELMARK_RECIPE": news.recipe,
        "RELMARK_STATE": news.end,
        "RELMARK_RUN": str(news.run or ""),
        "RELMARK_INDEX": str(news.run / "index.html") if news.run else "",
    }
    subprocess.run(
        [revealed(word) for word in hook.command],
        input=news.to_json().encode(),
        env={**os.environ, **told},
        stdout=subprocess.DEVNULL,
        timeout=_PATIENCE,
        check=True,
    )


def _mail(hook: Hook, news: News) -> None:
    import ssl

    given = revealed(hook.mail)
    try:
        with _post_office(given) as server:
            if given["user"]:
                server.login(given["user"], given["password"] or "")
            server.send_message(_letter(given, news))
    except ssl.SSLCertVerificationError as error:
        raise OSError(
            f"the certificate of {given['server']} is not trusted ({error.verify_message}), so "
            "nothing was sent. Where it is your own server, name the file of its certificate, or "
            "of the authority that signed it, in the environment: SSL_CERT_FILE."
        ) from None


def _post_office(given: dict[str, Any]) -> "smtplib.SMTP":
    """A connection to the server, encrypted as was asked or not made at all."""
    import smtplib
    import ssl

    where = (given["server"], given["port"])
    if given["security"] == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(*where, timeout=_PATIENCE, context=context)
    server = smtplib.SMTP(*where, timeout=_PATIENCE)
    if given["security"] == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def _letter(given: dict[str, Any], news: News) -> "EmailMessage":
    from email.message import EmailMessage
    from email.utils import localtime, make_msgid

    letter = EmailMessage()
    letter["Subject"] = news.subject
    letter["From"] = given["sender"] or given["to"][0]
    letter["To"] = ", ".join(given["to"])
    letter["Date"] = localtime()
    letter["Message-ID"] = make_msgid(domain="relmark.invalid")
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(news.text())
    return letter


def _webhook(hook: Hook, news: News) -> None:
    from urllib.request import Request, urlopen

    given = revealed(hook.webhook)
    if not given["url"].startswith(("https://", "http://")):
        raise ValueError("its address must begin with https:// or http://")
    headers = {"Content-Type": "application/json", "User-Agent": "relmark", **given["headers"]}
    request = Request(given["url"], news.to_json().encode(), headers, method="POST")
    with urlopen(request, timeout=_PATIENCE) as answer:
        answer.read(1)


def _line(figure: KeyFigure) -> str:
    form = formats.formatter(figure.unit)
    found = formats.with_interval(figure.value, figure.low, figure.high, form)
    return f"  {figure.label or figure.name}: {found}"
