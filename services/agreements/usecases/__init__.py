"""One function per use case: load, decide, save; each within one transaction of the caller's.

`allow` raises Rejected unless the caller may change what this unit owns.
"""
