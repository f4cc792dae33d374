"""Files that people attach to a record: looked at, kept in the service's database, streamed out.

    async with received(request.stream()) as file:      # measured, hashed, sniffed; or refused
        await attachments.keep(tx, id, file)             # in the transaction of the record
    answer(database, attachment)                         # a download, part by part

What a file is, its bytes say: what the sender says of it is not asked.
"""

from shared.attachments.keeping import Attachment, Attachments
from shared.attachments.receiving import MAX_FILE_BYTES, ReceivedFile, received
from shared.attachments.serving import DOWNLOAD, UPLOAD, download

__all__ = [
    "DOWNLOAD",
    "MAX_FILE_BYTES",
    "UPLOAD",
    "Attachment",
    "Attachments",
    "ReceivedFile",
    "download",
    "received",
]
