"""A file on its way in: at most so long, measured and hashed while it comes, and then sniffed."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO

from shared.attachments.sniffing import MediaType, sniffed
from shared.errors import Rejected

__all__ = ["MAX_FILE_BYTES", "ReceivedFile", "received"]

MAX_FILE_BYTES = 20 * 1024 * 1024
_IN_MEMORY = 1024 * 1024
"""What is longer waits on the disk, so that many at once take no memory."""


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that was taken: what it is, and its bytes until the block ends."""

    media_type: MediaType
    size: int
    sha256: str
    content: IO[bytes]


@asynccontextmanager
async def received(stream: AsyncIterator[bytes]) -> AsyncIterator[ReceivedFile]:
    """The file that the stream brings. Raises Rejected: `file-too-large` (413), and what `sniffed`
    says."""
    digest, size = hashlib.sha256(), 0
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as content:
        async for part in stream:
            size += len(part)
            if size > MAX_FILE_BYTES:
                raise Rejected(
                    "file-too-large", f"a file may have {MAX_FILE_BYTES} bytes", status=413
                )
            digest.update(part)
            content.write(part)
        media_type = await asyncio.to_thread(sniffed, content)
        yield ReceivedFile(media_type, size, digest.hexdigest(), content)
