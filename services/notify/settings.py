"""What this service reads from its environment, beside the plumbing's settings."""

from pathlib import Path
from typing import Annotated

from pydantic import AnyUrl, Field, SecretStr, UrlConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import Settings as Plumbing

__all__ = ["MailSettings", "Settings"]

SmtpUrl = Annotated[AnyUrl, UrlConstraints(allowed_schemes=["smtp", "smtps"])]


class MailSettings(BaseSettings):
    """`NOTIFY_*`: where mail goes, and who it is from."""

    model_config = SettingsConfigDict(
        env_prefix="NOTIFY_", frozen=True, hide_input_in_errors=True, extra="ignore"
    )

    smtp_url: SmtpUrl | None = None
    """smtp://host:port, or smtps://; STARTTLS is used where the server offers it."""
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    mailbox: Path | None = None
    """A folder of .eml files: instead of SMTP, on the embedded default."""
    sender: str = "Rapport <rapport@localhost>"
    lease_seconds: int = Field(default=120, ge=5)
    """How long one attempt at one mail may take before another process may take it over."""
    retry_seconds: int = Field(default=300, ge=1)
    """Before the second attempt; each pause is twice the one before it, up to the most."""
    retry_most_seconds: int = Field(default=4 * 3600, ge=1)
    attempts: int = Field(default=30, ge=1)
    """Temporary failures (four days of them) before a mail is given up, kept and shown."""
    poll_seconds: float = Field(default=2.0, gt=0)

    @model_validator(mode="after")
    def _one_way_out(self) -> "MailSettings":
        if self.smtp_url is not None and self.mailbox is not None:
            raise ValueError("set NOTIFY_SMTP_URL or NOTIFY_MAILBOX, not both")
        return self


class Settings(Plumbing):
    """The plumbing's settings; those of mail are read beside them."""

    mail: MailSettings = Field(default_factory=MailSettings)
