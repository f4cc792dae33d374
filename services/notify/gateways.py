"""Ways for mail to leave: SMTP, or a folder of .eml files on the embedded default."""

import hashlib
import os
from dataclasses import dataclass
from email import message_from_bytes
from email.utils import getaddresses, parseaddr
from pathlib import Path
from typing import Literal, Protocol

import aiosmtplib

from services.notify.settings import MailSettings

__all__ = ["MailboxFolder", "Outcome", "Smtp", "WayOut", "way_out"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt, and what the server said (never an address).

    `unknown`: everything was sent and no answer came, so the server may have taken it.
    """

    state: Literal["accepted", "unknown", "failed-temporarily", "failed-for-good"]
    answer: str = ""


class WayOut(Protocol):
    """Takes one mail. Never raises for what a server or a network does."""

    async def send(self, message: bytes, /) -> Outcome: ...

    async def has(self, message_id: str, /) -> bool | None:
        """Whether it took the mail of that Message-ID; None if it cannot tell."""
        ...


class Smtp:
    """A mail server. A failure before the final dot is safe to try again; after it, unknown."""

    def __init__(self, settings: MailSettings) -> None:
        if settings.smtp_url is None:
            raise ValueError("NOTIFY_SMTP_URL is not set")
        self._settings = settings
        self._url = settings.smtp_url

    async def send(self, message: bytes) -> Outcome:
        headers = message_from_bytes(message)
        sender = parseaddr(headers["From"])[1]
        recipients = [address for _, address in getaddresses([headers["To"]])]
        client = aiosmtplib.SMTP(
            hostname=self._url.host,
            port=self._url.port,
            use_tls=self._url.scheme == "smtps",
            timeout=20,
        )
        password = self._settings.smtp_password
        try:
            await client.connect()
            if self._settings.smtp_user is not None and password is not None:
                await client.login(self._settings.smtp_user, password.get_secret_value())
            await client.mail(sender)
            for recipient in recipients:
                await client.rcpt(recipient)
        except aiosmtplib.SMTPResponseException as error:
            return _answered(error.code)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return Outcome("failed-temporarily", type(error).__name__)
        try:
            await client.data(message)
        except aiosmtplib.SMTPResponseException as error:
            return _answered(error.code)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return Outcome("unknown", type(error).__name__)
        finally:
            client.close()
        return Outcome("accepted", "250")

    async def has(self, _message_id: str) -> bool | None:
        """SMTP has no way to ask."""
        return None


def _answered(code: int) -> Outcome:
    """5xx is for good, any other refusal for now."""
    return Outcome("failed-for-good" if 500 <= code < 600 else "failed-temporarily", str(code))


class MailboxFolder:
    """One .eml file a mail, named by its Message-ID, so that sending twice is sending once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: bytes) -> Outcome:
        path = self._path(str(message_from_bytes(message)["Message-ID"]))
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".part")
            with partial.open("wb") as file:
                file.write(message)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            return Outcome("failed-temporarily", type(error).__name__)
        return Outcome("accepted", path.name)

    async def has(self, message_id: str) -> bool | None:
        return self._path(message_id).is_file()

    def _path(self, message_id: str) -> Path:
        name = hashlib.sha256(message_id.encode()).hexdigest()[:24]
        return self._folder / f"{name}.eml"


def way_out(settings: MailSettings) -> WayOut | None:
    """The way that the settings name; None: mail is kept as due until one is set."""
    if settings.smtp_url is not None:
        return Smtp(settings)
    if settings.mailbox is not None:
        return MailboxFolder(settings.mailbox)
    return None
