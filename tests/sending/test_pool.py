"""`pingback.sending.pool`: work in threads, and none of it twice or lost."""

import threading

import pytest

from pingback.sending.pool import Pool
from tests.receive.pages import PATIENCE


def test_what_the_work_gives_or_raises() -> None:
    pool = Pool(2)
    done, failed = pool.submit(lambda: 5), pool.submit(lambda: 1 // 0)
    assert done.result(PATIENCE) == 5
    with pytest.raises(ZeroDivisionError):
        failed.result(PATIENCE)
    pool.shutdown()


def test_what_has_not_begun_is_cancelled_at_the_end_and_what_has_is_waited_for() -> None:
    pool, began, go_on = Pool(1), threading.Event(), threading.Event()

    def work() -> int:
        began.set()
        assert go_on.wait(PATIENCE)
        return 5

    first, second = pool.submit(work), pool.submit(lambda: 6)
    second.add_done_callback(lambda _: go_on.set())
    assert began.wait(PATIENCE)
    pool.shutdown()
    assert (first.result(0), second.cancelled()) == (5, True)
