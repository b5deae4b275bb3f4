"""A stranger's words, on each way out that has no page around it: of one line, short, and turning nothing around."""

import json
import xmlrpc.client
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast
from xml.etree import ElementTree as ET

import pytest

from pingback.cli.mentions import line
from pingback.model import Mention
from pingback.net.client import Client
from pingback.net.mail import Mailer
from pingback.protocols.pingback import GET_PINGBACKS
from pingback.receive.notifier import MailChannel, WebhookChannel
from pingback.server.app import handle
from pingback.server.http import Request
from pingback.store import Store
from tests.receive.lax import Receiver
from tests.receive.pages import Pages
from tests.server.strangers import HOSTILE, TARGET

MOST = 1100  # characters of a line: the RSS has an item on one
FORBIDDEN = "\0\x01\x1b\u202e\u2066\u2028\r\ud800\ufffe"


@contextmanager
def receiving(mention: Mention) -> Iterator[Receiver]:
    with Store("sqlite://") as store, Receiver(site="https://my.example/", store=store, client=Pages()) as receiver:
        store.mentions.keep(mention)
        yield receiver


def of_trackback(mention: Mention) -> list[str]:
    path = "/trackback/part-5"
    with receiving(replace(mention, target=TARGET)) as receiver:
        body = handle(Request(method="GET", path=path, raw_path=path, query="__mode=rss"), receiver).body
    [item] = ET.fromstring(body).iter("item")
    return [str(element.text) for element in item]


def of_get_pingbacks(mention: Mention) -> list[str]:
    body = xmlrpc.client.dumps((TARGET,), GET_PINGBACKS).encode()
    with receiving(replace(mention, target=TARGET)) as receiver:
        answer = handle(Request(method="POST", path="/xmlrpc", body=body, content_type="text/xml"), receiver)
    ((sources,), _) = xmlrpc.client.loads(answer.body)
    return [str(source) for source in cast(Iterable[Any], sources)]


class Mails:
    """A mailer that keeps what it is given."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def send(self, to: str, *, subject: str, text: str) -> None:
        self.texts += [subject, text]


def of_mail(mention: Mention) -> list[str]:
    mails = Mails()
    list(MailChannel(cast(Mailer, mails), "me@my.example", site="https://my.example/").tell([mention]))
    return "\n".join(mails.texts).splitlines()


class Posts:
    """A client that keeps what it is given."""

    status = 200

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    @contextmanager
    def post(self, url: str, body: bytes, **_: object) -> Iterator["Posts"]:
        self.bodies.append(body)
        yield self


def of_webhook(mention: Mention) -> list[str]:
    posts = Posts()
    list(WebhookChannel(cast(Client, posts), "https://my.example/hook").tell([mention]))
    told = json.loads(posts.bodies[0])
    return [text for text in [*told.values(), *told["author"].values()] if isinstance(text, str)]


def of_the_command_line(mention: Mention) -> list[str]:
    return line(mention).split("\n")


@pytest.mark.parametrize("lines_of", [of_trackback, of_get_pingbacks, of_mail, of_webhook, of_the_command_line])
def test_hostile_words(lines_of: Callable[[Mention], list[str]]) -> None:
    found = lines_of(HOSTILE)
    assert any("c.example" in text for text in found)
    for text in found:
        assert len(text) <= MOST
        assert set(text).isdisjoint(FORBIDDEN)
        assert len(text.splitlines()) <= 1
        assert not text.startswith("javascript:")
