"""How often is too often, for a sender."""

from pingback.errors import Fault, FaultCode
from pingback.jobs import limits
from pingback.receive.verify import counted_as


class Rate(limits.Rate):
    """A rate of pings."""

    def check_sender(self, client_ip: str | None) -> None:
        """Count a ping from this address; raises `Fault` where there were too many.

        None is nobody's ping but our own host's, and is not counted. All whose address is none count as one sender, as
        behind a server that listens at a Unix socket and says no more.
        """
        sender = counted_as(client_ip)
        if sender is None:
            return
        try:
            seconds = self.count(sender)
        except RuntimeError as error:
            raise Fault(FaultCode.UPSTREAM_ERROR, "too busy; try again later", retry_after=limits.COME_AGAIN) from error
        if seconds:
            message = "too many pings from your address; try again later"
            raise Fault(FaultCode.ACCESS_DENIED, message, retry_after=seconds)
