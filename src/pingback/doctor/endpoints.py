"""What an endpoint answers to the probes of its protocol: pings that it must refuse."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pingback.errors import FetchError
from pingback.model import Endpoint
from pingback.protocols.linkback import Answer, Check, Probe
from pingback.protocols.table import linkback_of
from pingback.protocols.xmlrpc import MAX_BODY
from pingback.text import plain

if TYPE_CHECKING:
    from pingback.net.client import Client


def checks_of(endpoint: Endpoint, target: str, *, client: "Client", clock: Callable[[], float]) -> Iterator[Check]:
    """What is right and wrong with the endpoint of a target; ends early where it cannot be reached.

    Blocks for a few exchanges. `clock` gives seconds that never run backwards.
    """
    linkback = linkback_of(endpoint.protocol)
    try:
        for probe in linkback.probes if linkback else ():
            began = clock()
            answer = _answer(probe, endpoint.url, target, client)
            yield from probe.judge(answer, clock() - began)
    except FetchError as error:
        yield Check(name=f"{endpoint.protocol}-endpoint", ok=False, message=plain(str(error)))


def _answer(probe: Probe, url: str, target: str, client: "Client") -> Answer:
    if probe.message is None:
        with client.get(url) as response:
            return Answer(url, response.url, response.status, b"", response.content_type)
    body, content_type = probe.message(target)
    with client.post(url, body, content_type=content_type) as response:
        return Answer(url, response.url, response.status, response.read(MAX_BODY + 1), response.content_type)
