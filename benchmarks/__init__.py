"""How fast the plumbing is, against what others do the same job with. See docs/performance.md.

    make bench ARGS="--quick --only projection --contenders bare,rapport"

runner       in turn, checked, medians and ratios
place        the servers, databases and processes of one run
history      real facts of three services, and the log that holds them
oracle       what a projection of them must hold
works/       one file per work: its limit, its contenders, how a result is checked
contenders/  one process each
report       the table and the JSON; `page` and `chart` make docs/performance.md of it
"""
