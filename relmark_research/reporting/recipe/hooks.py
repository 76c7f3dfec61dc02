"""Hooks: notifications about the end of a run by a command, a mail or a webhook.

hooks:
  - when: [failed, alert]          # always, done, failed, alert; default: always
    mail: {to: [me@example.org], sender: reports@example.org, server: mail.example.org,
           port: 587, security: starttls, user: reports, password: "${MAIL_PASSWORD}"}
  - command: [notify, relmark]                  # reads its environment and its standard input
    secrets: [NOTIFY_TOKEN]                     # secrets of the environment that it may read
  - webhook: {url: "https://example.org/hooks/${HOOK_TOKEN}"}

A hook that fails is reported on the terminal. It changes neither the reports nor the exit code.
"""

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from relmark_research import formats
from relmark_research.errors import without_emails
from relmark_research.reporting.record.manifest import KeyFigure, Manifest
from relmark_research.reporting.record.secrets import (
    Scrubber,
    environment_without_secrets,
    fill_in_secrets,
    read_secrets,
    secret_names,
)

if TYPE_CHECKING:
    import smtplib
    from email.message import EmailMessage

Result = Literal["done", "failed", "alert", "refused", "died", "stopped"]

_TIMEOUT = 30.0  # seconds for one hook


@dataclass(frozen=True)
class Hook:
    """One hook of a recipe: exactly one of command, mail and webhook is set.

    A command sees those secrets of the environment only that ``secrets`` names.
    """

    when: tuple[str, ...] = ("always",)
    command: tuple[str, ...] = ()
    mail: dict[str, Any] = field(default_factory=dict)
    webhook: dict[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()

    def applies_to(self, result: Result) -> bool:
        """Return whether the hook runs after such a result.

        A refusal, a stop and a run that died count as failures.
        """
        known = "failed" if result in ("refused", "died", "stopped") else result
        return "always" in self.when or known in self.when


@dataclass(frozen=True)
class Notification:
    """The result of a run, as the hooks send it.

    Attributes
    ----------
    recipe, title
        Name and title of the recipe.
    result
        ``"refused"`` if nothing ran, ``"stopped"`` by the user, ``"died"`` if it was killed.
    message
        Why there is no manifest; empty if there is one.
    run
        The folder of the run.
    manifest
        The manifest of the run.
    """

    recipe: str
    title: str
    result: Result
    message: str = ""
    run: Path | None = None
    manifest: Manifest | None = None

    @property
    def subject(self) -> str:
        """The result in one line."""
        result = {"alert": "done, with an alert"}.get(self.result, self.result)
        return " ".join(f"{self.title}: {result}".split())[:200]

    def text(self) -> str:
        """Return the notification as plain text for a mail."""
        lines = [self.subject, "", self.message] if self.message else [self.subject]
        if self.manifest:
            lines += [f"Alert: {alert}" for alert in self.manifest.alerts]
            for run in self.manifest.notebooks:
                lines += ["", f"{run.title or run.notebook} ({run.state})", run.answer]
                lines += [run.error] if run.error else []
                lines += [_line(figure) for figure in run.key_figures]
        lines += ["", str(self.run / "index.html")] if self.run else []
        return "\n".join(lines) + "\n"

    def to_json(self) -> str:
        """Return the notification as JSON; chat programs read the text under ``text``."""
        return json.dumps(
            {
                "text": self.text(),
                "recipe": self.recipe,
                "title": self.title,
                "state": self.result,
                "said": self.message,
                "run": str(self.run) if self.run else None,
                "manifest": json.loads(self.manifest.to_json()) if self.manifest else {},
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
            tuple(section["secrets"]),
        )
        for section in sections
    )


def notify(hooks: tuple[Hook, ...], notification: Notification) -> list[str]:
    """Run the hooks that apply to a result.

    Parameters
    ----------
    hooks
        The hooks of the recipe.
    notification
        The result of the run.

    Returns
    -------
    list of str
        One message for each hook that failed, without secrets.
    """
    failures: list[str] = []
    for hook in hooks:
        if not hook.applies_to(notification.result):
            continue
        channel, send = _channel(hook)
        scrub = Scrubber()
        try:
            names = {*secret_names([hook.mail, hook.webhook]), *hook.secrets}
            scrub = Scrubber.from_secrets(read_secrets(names))
            send(hook, notification)
        except Exception as error:  # noqa: BLE001  (a hook must not hide how the run ended)
            prefix = "" if type(error) is OSError else f"{type(error).__name__}: "
            words = scrub(f"hook {channel}: {prefix}{' '.join(str(error).split())}")
            failures.append(without_emails(words))
    return failures


def _channel(hook: Hook) -> tuple[str, Callable[[Hook, Notification], None]]:
    if hook.command:
        return f"command {hook.command[0]}", _run_command
    return ("mail", _send_mail) if hook.mail else ("webhook", _post_webhook)


def _run_command(hook: Hook, notification: Notification) -> None:
    run = notification.run
    variables = {
        "RELMARK_RECIPE": notification.recipe,
        "RELMARK_STATE": notification.result,
        "RELMARK_RUN": str(run or ""),
        "RELMARK_INDEX": str(run / "index.html") if run else "",
    }
    subprocess.run(
        list(hook.command),
        input=notification.to_json().encode(),
        env={**environment_without_secrets(hook.secrets), **variables},
        stdout=subprocess.DEVNULL,
        timeout=_TIMEOUT,
        check=True,
    )


def _send_mail(hook: Hook, notification: Notification) -> None:
    import ssl

    settings = fill_in_secrets(hook.mail)
    try:
        with _smtp_connection(settings) as server:
            if settings["user"]:
                server.login(settings["user"], settings["password"] or "")
            server.send_message(_mail_message(settings, notification))
    except ssl.SSLCertVerificationError as error:
        raise OSError(
            f"the certificate of {settings['server']} is not trusted ({error.verify_message}), so "
            "no mail was sent. If it is your own server, set the environment variable "
            "SSL_CERT_FILE to the file of its certificate or of the authority that signed it."
        ) from None


def _smtp_connection(settings: dict[str, Any]) -> "smtplib.SMTP":
    """Return a connection to the server; without the requested encryption there is none."""
    import smtplib
    import ssl

    address = (settings["server"], settings["port"])
    if settings["security"] == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(*address, timeout=_TIMEOUT, context=context)
    server = smtplib.SMTP(*address, timeout=_TIMEOUT)
    if settings["security"] == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def _mail_message(settings: dict[str, Any], notification: Notification) -> "EmailMessage":
    from email.message import EmailMessage
    from email.utils import localtime, make_msgid

    message = EmailMessage()
    message["Subject"] = notification.subject
    message["From"] = settings["sender"] or settings["to"][0]
    message["To"] = ", ".join(settings["to"])
    message["Date"] = localtime()
    message["Message-ID"] = make_msgid(domain="relmark.invalid")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(notification.text())
    return message


def _post_webhook(hook: Hook, notification: Notification) -> None:
    from urllib.request import Request, urlopen

    settings = fill_in_secrets(hook.webhook)
    if not settings["url"].startswith(("https://", "http://")):
        raise ValueError("the url must begin with https:// or http://")
    headers = {"Content-Type": "application/json", "User-Agent": "relmark", **settings["headers"]}
    request = Request(settings["url"], notification.to_json().encode(), headers, method="POST")
    with urlopen(request, timeout=_TIMEOUT) as answer:
        answer.read(1)


def _line(figure: KeyFigure) -> str:
    form = formats.formatter(figure.unit)
    value = formats.with_interval(figure.value, figure.low, figure.high, form)
    return f"  {figure.label or figure.name}: {value}"
