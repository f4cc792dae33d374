"""From the journal to Kafka: every fact at least once, each subject's in its order.

relay.py         the loop: take buckets, send, mark as sent; how it waits and recovers
sending.py       one producer at a time, and what of a batch is known to have arrived
publication.py   is the topic still what was published: own sends, new epochs, closing
topic.py         how a topic is looked at
"""

from shared.relay.relay import Relay

__all__ = ["Relay"]
