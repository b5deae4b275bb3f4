"""When what failed is tried again: exponential back-off with jitter, the far side's wish, and an end."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import Random

SPREAD = 0.25  # of the wait, more or less: what failed together should not come back together

PACE = timedelta(seconds=15)  # between pings to a host that asked for patience; WordPress takes one in this time
SHORTEST_PACE = timedelta(seconds=1)
LONGEST_PACE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long to wait after the `first` failure, about doubled with each that follows, up to the `longest` wait; and
    how long after the first failure to give up, its `horizon`."""

    first: timedelta
    longest: timedelta
    horizon: timedelta
    spread: tuple[float, float] = (1 - SPREAD, 1 + SPREAD)

    def next_try(
        self, *, failing_since: datetime, now: datetime, random: Random, not_before: datetime | None = None
    ) -> datetime | None:
        """When to try again after the failure at `now`; None when it is time to give up.

        The first failure was at `failing_since`; the wait grows with the time that has passed since then, whatever kept
        us from trying. `not_before` is what the far side asked for by `Retry-After`. The last try is at the horizon
        itself.
        """
        end = failing_since + self.horizon
        if now >= end:
            return None
        grown = min(self.first + max(now - failing_since, timedelta(0)), self.longest)
        wait = grown * random.uniform(*self.spread)
        return min(max(now + wait, not_before or now), end)

    def next_at_pace(
        self, *, failing_since: datetime, now: datetime, not_before: datetime | None = None
    ) -> datetime | None:
        """When to try again what came too fast for its host at `now`; None when it is time to give up.

        At the host's pace at first. One that always says so is asked less and less often.
        """
        end = failing_since + self.horizon
        if now >= end:
            return None
        wait = max(pace_of(not_before, now=now), min(now - failing_since, LONGEST_PACE))
        return min(max(now + wait, not_before or now), end)


DELIVERIES = Schedule(first=timedelta(minutes=5), longest=timedelta(hours=12), horizon=timedelta(days=5))
# For who takes no pings yet: the waits are 1, 2, 4, 8 and 16 days, and hardly longer, as people are told these.
AGING = Schedule(first=timedelta(days=1), longest=timedelta(days=16), horizon=timedelta(days=31), spread=(1.0, 1.02))
VERIFICATIONS = Schedule(first=timedelta(seconds=10), longest=timedelta(hours=6), horizon=timedelta(days=2))
# What is new meanwhile waits for the same try, so that it is never far away.
NOTIFICATIONS = Schedule(first=timedelta(minutes=5), longest=timedelta(hours=1), horizon=timedelta(days=7))


def pace_of(not_before: datetime | None, *, now: datetime) -> timedelta:
    """How long a host that said that pings come too fast is left alone: until then, where it named an instant."""
    return min(max(not_before - now if not_before else PACE, SHORTEST_PACE), LONGEST_PACE)


def retry_after(value: str | None, *, now: datetime, within: timedelta) -> datetime | None:
    """The instant that a `Retry-After` header names (RFC 9110 §10.2.3), by seconds or a date; None where it names none.

    What lies behind, and what lies further away than `within`, is brought to its near end.
    """
    if value is None:
        return None
    try:
        instant = _instant(value.strip(), now)
    except (ValueError, OverflowError):
        return None
    return min(max(instant, now), now + within)


def _instant(value: str, now: datetime) -> datetime:
    if value.isascii() and value.isdigit():
        return now + timedelta(seconds=int(value[:9]))
    instant = parsedate_to_datetime(value)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
