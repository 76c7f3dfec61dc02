"""The sections of a recipe file, as pydantic checks them: strict, and no key beside these."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from relmark_research.reporting.amounts import seconds, size

When = Literal["always", "done", "failed", "alert"]
_HERE = ("localhost", "127.0.0.1", "::1")
_TEXT = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """A part of a recipe."""

    model_config = ConfigDict(extra="forbid", strict=True)


class DataSection(Section):
    """Which data, and what its columns are called."""

    source: str | None = None
    customer: str | None = None
    date: str | None = None
    value: str | None = None
    cost: str | None = None
    returns: str | None = None
    engine: str | None = None
    currency: str | None = None
    options: dict[str, Any] | None = None


class AlertSection(Section):
    """What a key figure must not do."""

    falls_by: Any = None
    rises_by: Any = None
    changes_by: Any = None
    below: Any = None
    above: Any = None


class MailSection(Section):
    """A mail by SMTP."""

    to: list[_TEXT] = Field(min_length=1)
    sender: str = ""
    server: str = "localhost"
    port: int = Field(default=25, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "none"
    user: str | None = None
    password: str | None = None

    @model_validator(mode="after")
    def _password_encrypted(self) -> Self:
        if self.user and self.security == "none" and self.server not in _HERE:
            raise ValueError(
                "would send its password in the clear. Add security: starttls (port 587) or "
                "security: tls (port 465), as the server has it."
            )
        return self


class WebhookSection(Section):
    """A POST of JSON."""

    url: _TEXT
    headers: dict[str, str] = Field(default_factory=dict)


class HookSection(Section):
    """Whom to tell, and when: one of command, mail and webhook."""

    when: list[When] = Field(default=["always"], min_length=1)
    command: list[_TEXT] | None = Field(default=None, min_length=1)
    mail: MailSection | None = None
    webhook: WebhookSection | None = None

    @field_validator("when", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("command", mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        import shlex

        try:
            return shlex.split(value) if isinstance(value, str) else value
        except ValueError as error:
            raise ValueError(f"is not a command line: {error}. Close the quotes.") from None


class RecipeFile(Section):
    """A whole recipe."""

    title: str = Field(min_length=1)
    data: DataSection | None = None
    notebooks: list[str] = Field(min_length=1)
    tables: dict[str, str | None] = Field(default_factory=dict)
    parameters: dict[str, Any] | None = None
    matrix: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(default_factory=dict)
    alerts: dict[str, AlertSection] = Field(default_factory=dict)
    hooks: list[HookSection] = Field(default_factory=list)
    keep: int | None = Field(default=None, ge=1)
    time_limit: float = 3600.0
    memory_limit: int | None = None
    reuse: bool = True

    @field_validator("time_limit", mode="before")
    @classmethod
    def _in_seconds(cls, value: Any) -> float:
        return seconds(value)

    @field_validator("memory_limit", mode="before")
    @classmethod
    def _in_bytes(cls, value: Any) -> int | None:
        return None if value is None else size(value)


_PLACES: dict[str, type[Section]] = {
    "data": DataSection,
    "alerts": AlertSection,
    "hooks": HookSection,
    "mail": MailSection,
    "webhook": WebhookSection,
}


def section_at(place: list[str]) -> type[Section]:
    """Return the section in which a key stands, by the keys on the way to it.

    Examples
    --------
    >>> section_at(["hooks", "mail", "too"]).__name__, section_at(["titel"]).__name__
    ('MailSection', 'RecipeFile')
    """
    if place[0] == "alerts":
        return AlertSection
    inside = [_PLACES[key] for key in place[:-1] if key in _PLACES]
    return inside[-1] if inside else RecipeFile
