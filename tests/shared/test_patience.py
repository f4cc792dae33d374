"""A few bugs a minute are the events' fault, many are ours."""

import pytest

from shared.consumer.patience import Blown, Fuse


def test_bugs_one_after_the_other_blow_the_fuse() -> None:
    fuse = Fuse(3)
    fuse.count()
    fuse.count()
    with pytest.raises(Blown):
        fuse.count()


def test_bugs_that_come_seldom_blow_nothing() -> None:
    fuse = Fuse(2, seconds=-1)
    for _ in range(10):
        fuse.count()
