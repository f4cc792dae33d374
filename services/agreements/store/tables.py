"""What all tables of this service stand in."""

from shared.database import metadata_of

metadata = metadata_of()
