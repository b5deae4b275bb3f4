"""A receiver that takes and shows whatever links, at once and in the caller's thread, for tests of something else."""

from typing import Any

from pingback.receive import receiver
from pingback.receive.existence import everything_exists
from pingback.receive.moderation import approve

_LAX: dict[str, Any] = {
    "target_exists": everything_exists,
    "decide": approve,
    "block": (),
    "self_pings": True,
    "answer_within": None,
    "queued": (),
    "verify_trackbacks": True,
    "rate": None,
    "source_rate": None,
}


class Receiver(receiver.Receiver):
    """`pingback.receive.receiver.Receiver`, where what it is not given limits and hides nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**(_LAX | options))
