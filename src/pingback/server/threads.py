"""The threads of the server (`pingback.server.run`): some for all that is quick, and a few for long lists."""

import logging
from typing import Any

from waitress.task import ThreadedTaskDispatcher

from pingback.server.turns import RoundRobin


class _Quiet(logging.LoggerAdapter[logging.Logger]):
    """waitress warns of full queues and of too many connections, which strangers can bring about at will."""

    def warning(self, msg: object, *args: object, **kwargs: Any) -> None:
        self.debug(msg, *args, **kwargs)


quiet = _Quiet(logging.getLogger("waitress"), {})


class Threads(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress has no types
    """Requests are answered in order of arrival."""

    logger = queue_logger = quiet

    def __init__(self, count: int) -> None:
        super().__init__()
        self.set_thread_count(count)


class FairThreads(Threads):
    """Clients are answered in turn, however many requests of one of them wait."""

    def __init__(self, count: int) -> None:
        super().__init__(0)
        self.queue = RoundRobin()
        self.set_thread_count(count)
