"""A projection is filled anew from its topics, beside the live one, and takes its place.

shadow      the schema in which it is filled, with the tables' own shape
unshared    a Kafka client without a group: its offsets stand in that schema
filling     one topic into it, by the consumer's own code
discards    what operators gave up is given up again, where it still does not work
comparing   row by row, where both are as far
switching   the new tables become the live ones, in one transaction
rebuilding  these steps in their order
showing     how far it is, on a terminal or in lines
command     all of it, as a command
"""

from shared.rebuild.command import rebuild_all

__all__ = ["rebuild_all"]
