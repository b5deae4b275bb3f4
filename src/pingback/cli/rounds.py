"""What `serve` and `worker` do now and then, besides what they are asked for."""

from datetime import timedelta
from functools import partial

from pingback.receive.receiver import Receiver
from pingback.receive.rounds import Job, Rounds
from pingback.settings import Settings

REVERIFY_EVERY = 60.0  # seconds
REVERIFIED = 4  # mentions at a time: gentle with the sources, and 5,000 a day


def rounds_for(settings: Settings, receiver: Receiver) -> Rounds:
    """The jobs that the settings ask for."""
    jobs = []
    if settings.reverify_after_days:
        after = timedelta(days=settings.reverify_after_days)
        reverify = partial(receiver.reverify, after=after, most=REVERIFIED)
        jobs.append(Job("verify old mentions anew", REVERIFY_EVERY, reverify))
    return Rounds(jobs)
