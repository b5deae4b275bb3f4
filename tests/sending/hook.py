"""The publish hook as the tests call it."""

from datetime import timedelta

from pingback.model import Outcome
from pingback.net.client import Client
from pingback.sending.hook import publish
from pingback.sending.publish import Publisher
from pingback.sending.sender import Sender
from pingback.sending.values import EVERYTHING, Publication, PublishOptions
from pingback.store import Store
from tests.receive.pages import Clock
from tests.sending.deliveries import Skipping


class Hook:
    """The publish hook of a blog, whose clock goes on by an hour from run to run."""

    def __init__(self, client: Client, store: Store) -> None:
        self.client = client
        self.store = store
        self.clock = Clock()
        self.patience = timedelta(0)

    def __call__(self, *publications: Publication | str, options: PublishOptions = EVERYTHING) -> list[Outcome]:
        self.clock.pass_by(hours=1)
        each = [Publication(source=given) if isinstance(given, str) else given for given in publications]
        outcomes: list[Outcome] = []
        publish(
            each,
            outcomes.append,
            publisher=Publisher(client=self.client, store=self.store, options=options, clock=self.clock),
            sender=Sender(
                client=self.client,
                store=self.store,
                wanted=options.protocols,
                stopped=Skipping(self.clock),
                clock=self.clock,
            ),
            patience=self.patience,
        )
        return outcomes


def statuses(outcomes: list[Outcome]) -> dict[str | None, str]:
    """What became of each target; each is told of once."""
    assert len({outcome.target for outcome in outcomes}) == len(outcomes)
    return {outcome.target: outcome.status for outcome in outcomes}
