"""A receiver behind the shells, as a site has it."""

from functools import partial
from typing import TYPE_CHECKING, Any

from pingback.receive.receiver import Receiver
from pingback.server.app import handle
from pingback.server.wsgi import wsgi_app

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


def wsgi_of(receiver: Receiver, **options: Any) -> "WSGIApplication":
    return wsgi_app(partial(handle, receiver=receiver), **options)
