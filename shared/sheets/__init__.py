"""Spreadsheets, alike in every service: what its registers look like as rows, read and written.

Each service describes its registers in `services/<service>/sheets/registers.yaml`, and names
columns and codes in three languages in `words.yaml` beside it. From these come the template, what
an import reads, and what an export writes: what was exported can be imported again.
"""
