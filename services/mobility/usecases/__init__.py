"""Load, decide, save, record: one transaction each."""
