"""Ways for mail to leave: SMTP, or a folder of .eml files on the embedded default."""

import asyncio
import hashlib
import os
import re
import secrets
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

    async def send(self, message: bytes, /, *, until: float) -> Outcome:
        """Send it before this time of the event loop, or not at all: later it is another's."""
        ...

    async def has(self, message_id: str, /) -> bool | None:
        """Whether it took the mail of that Message-ID; None if it cannot tell."""
        ...


_ANSWER_SECONDS = 20
_LEADING_DOT = re.compile(rb"(?m)^\.")


class Smtp:
    """A mail server. A failure before the final dot is safe to try again; after it, unknown."""

    def __init__(self, settings: MailSettings) -> None:
        if settings.smtp_url is None:
            raise ValueError("NOTIFY_SMTP_URL is not set")
        self._settings = settings
        self._url = settings.smtp_url

    async def send(self, message: bytes, *, until: float) -> Outcome:
        client = aiosmtplib.SMTP(
            hostname=self._url.host,
            port=self._url.port,
            use_tls=self._url.scheme == "smtps",
            timeout=_ANSWER_SECONDS,
        )
        complete = False
        try:
            async with asyncio.timeout_at(until):
                await self._announce(client, message)
                line = client.protocol
                if line is None or asyncio.get_running_loop().time() >= until:
                    return Outcome("failed-temporarily", "too late")
                complete = True  # from here on the server may have it, whatever we hear
                line.write(_LEADING_DOT.sub(b"..", message) + b".\r\n")
                code = (await line.read_response(timeout=_ANSWER_SECONDS)).code
        except aiosmtplib.SMTPResponseException as error:
            code = error.code
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return Outcome("unknown" if complete else "failed-temporarily", type(error).__name__)
        finally:
            client.close()
        return _answered(code, complete=complete)

    async def _announce(self, client: aiosmtplib.SMTP, message: bytes) -> None:
        """All that comes before the mail itself. Raises SMTPException, OSError."""
        headers = message_from_bytes(message)
        password = self._settings.smtp_password
        await client.connect()
        if self._settings.smtp_user is not None and password is not None:
            await client.login(self._settings.smtp_user, password.get_secret_value())
        await client.mail(parseaddr(headers["From"])[1])
        for _, recipient in getaddresses([headers["To"]]):
            await client.rcpt(recipient)
        answer = await client.execute_command(b"DATA")
        if answer.code != aiosmtplib.SMTPStatus.start_input:
            raise aiosmtplib.SMTPDataError(answer.code, answer.message)

    async def has(self, _message_id: str) -> bool | None:
        """SMTP has no way to ask."""
        return None


def _answered(code: int, *, complete: bool) -> Outcome:
    """5xx is for good, 4xx for now; what no server should say tells nothing of a complete mail."""
    if 500 <= code < 600:
        return Outcome("failed-for-good", str(code))
    if 400 <= code < 500 or not complete:
        return Outcome("failed-temporarily", str(code))
    return Outcome("accepted" if 200 <= code < 300 else "unknown", str(code))


class MailboxFolder:
    """One .eml file a mail, named by its Message-ID, so that sending twice is sending once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: bytes, *, until: float) -> Outcome:
        del until  # late or twice, it is the same file
        path = self._path(str(message_from_bytes(message)["Message-ID"]))
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(f".{secrets.token_hex(4)}.part")  # there may be two of us
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
