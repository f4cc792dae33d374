"""One process per contender, so that none inherits another's memory, caches or loop.

Each is `python -m benchmarks.contenders.NAME JSON` and says what it found on its last line. Those
of other libraries run with these alone, so nothing here imports more than it must.
"""
