"""`pingback.server.inbox.mentions`: what the tabs show, and what the buttons do."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.model import Author, MentionKind, MentionStatus, Protocol
from pingback.server.inbox.mentions import HEIGHT, WIDTH, Bar, bars
from pingback.store import Store
from tests.receive.lax import Receiver
from tests.receive.pages import Clock, Page, Pages
from tests.server.inbox.conftest import SITE, Visitor, keep, text_of

_TITLES = re.compile(r'<h2 id="title\d+"><a [^>]*><bdi>([^<]*)</bdi></a></h2>')
_NUMBERS = re.compile(r'>(\w+) <span class="number">(\d+)</span>')


def titles(visitor: Visitor, query: str = "") -> list[str]:
    """The titles on a page, from its top."""
    return _TITLES.findall(text_of(visitor.get(f"/inbox{query}")))


def statuses(store: Store) -> list[str]:
    return [mention.status.value for mention in store.mentions.list()]


def test_newest_first_in_tabs(owner: Visitor, store: Store) -> None:
    for number, status in enumerate(["pending", "approved", "spam", "pending", "deleted", "rejected"]):
        keep(store, number, status=MentionStatus(status))
    assert titles(owner) == ["Title 3", "Title 0"]
    assert titles(owner, "?tab=pending") == ["Title 3", "Title 0"]
    assert titles(owner, "?tab=approved") == ["Title 1"]
    assert titles(owner, "?tab=spam") == ["Title 2"]
    assert titles(owner, "?tab=all") == ["Title 5", "Title 4", "Title 3", "Title 2", "Title 1", "Title 0"]
    assert titles(owner, "?tab=unheard") == ["Title 3", "Title 0"]
    assert dict(_NUMBERS.findall(text_of(owner.get()))) == {"Pending": "2", "Approved": "1", "Spam": "1", "All": "6"}


def test_all_that_is_known_of_a_mention(owner: Visitor, store: Store) -> None:
    keep(
        store,
        1,
        protocol=Protocol.WEBMENTION,
        kind=MentionKind.REPLY,
        excerpt="so it is",
        site_name="A site",
        author=Author(name="Ann", url="https://ann.example/"),
        verified=None,
    )
    page = text_of(owner.get())
    for part in [
        '<a href="https://a.example/1" rel="nofollow noopener noreferrer"><bdi>Title 1</bdi></a>',
        '<a href="https://ann.example/" rel="nofollow noopener noreferrer"><bdi>Ann</bdi></a>',
        "<bdi>A site</bdi>",
        "<bdi>a.example</bdi> · Webmention · ",
        '<time datetime="2026-01-02T12:01:00+00:00">02 Jan 2026, 12:01 UTC</time>',
        '<blockquote dir="auto">so it is</blockquote>',
        'replied to <a href="https://my.example/post" rel="nofollow noopener noreferrer"><bdi>my.example/post</bdi>',
        "Not verified",
    ]:
        assert part in page


def test_why_it_was_rejected(owner: Visitor, store: Store) -> None:
    keep(store, 1, status=MentionStatus.REJECTED, fault=17)
    keep(store, 2, status=MentionStatus.REJECTED, fault=4711)
    page = text_of(owner.get("/inbox?tab=all"))
    assert "The source does not link to the target" in page
    assert '<span class="mark">Refused</span>' in page


def test_pages_by_cursor(owner: Visitor, store: Store) -> None:
    for number in range(105):
        keep(store, number)
    first = text_of(owner.get("/inbox?q=title"))
    older = re.search(r'href="/mount(/inbox\?[^"]+)" rel="next"', first)
    assert older
    assert "Newest" not in first
    second = older[1].replace("&amp;", "&")
    assert titles(owner, second.removeprefix("/inbox"))[::49] == ["Title 54", "Title 5"]
    keep(store, 200)  # what comes meanwhile moves nothing
    assert titles(owner, second.removeprefix("/inbox"))[::49] == ["Title 54", "Title 5"]
    assert 'href="/mount/inbox?tab=pending&amp;q=title">Newest' in text_of(owner.get(second))


def test_why_it_waits(owner: Visitor, store: Store) -> None:
    keep(store, 1, held_for="changed by <b>Ann</b>")
    keep(store, 2, held_for="held once", status=MentionStatus.APPROVED)
    page = text_of(owner.get("/inbox?tab=all"))
    assert '<span class="mark">Changed by &lt;b&gt;Ann&lt;/b&gt;</span>' in page
    assert "eld once" not in page


# What nobody has verified


APART = '<h2 class="group" id="unverified">Not verified yet</h2>'


def test_what_nobody_verified_stands_apart(owner: Visitor, store: Store) -> None:
    for number in range(4):
        keep(store, number, **({} if number % 2 else {"verified": None}))
    page = text_of(owner.get())
    seen, unseen = page.split(APART)
    assert (_TITLES.findall(seen), _TITLES.findall(unseen)) == (["Title 3", "Title 1"], ["Title 2", "Title 0"])
    assert "Nobody has looked whether these pages link to yours." in unseen
    assert "TrackBacks are shown at once" not in unseen
    assert "Not verified" not in seen
    assert APART not in text_of(owner.get("/inbox?tab=all"))
    assert titles(owner, "?tab=all") == ["Title 3", "Title 2", "Title 1", "Title 0"]


def test_nothing_stands_apart_where_all_are_verified(owner: Visitor, store: Store) -> None:
    keep(store, 1)
    assert APART not in text_of(owner.get())


def test_pages_go_on_from_the_verified_to_the_others(owner: Visitor, store: Store) -> None:
    for number in range(40):
        keep(store, number)
        keep(store, 100 + number, verified=None)
    first = text_of(owner.get())
    older = re.search(r'href="/mount/inbox([^"]+)" rel="next"', first)
    assert older
    second = titles(owner, older[1].replace("&amp;", "&"))
    assert len(_TITLES.findall(first.split(APART)[0])) == 40
    assert second == [f"Title {number}" for number in range(129, 99, -1)]


@pytest.fixture
def linking(stranger: Visitor) -> str:
    """A source that links, for who looks."""
    client = stranger.receiver.verifier._client
    assert isinstance(client, Pages)
    client.web["https://a.example/1"] = Page(f'<title>Seen</title><p>words <a href="{SITE}post">link</a></p>')
    return "https://a.example/1"


def test_approved_unseen_is_looked_at_before_it_is_shown(owner: Visitor, store: Store, linking: str) -> None:
    good = keep(store, 1, verified=None, title=None)
    bad, seen = keep(store, 2, verified=None), keep(store, 3)
    fields = [("id", str(number)) for number in (good, bad, seen)]
    location = owner.send("/inbox/decide", ("all", "approve"), *fields).headers["Location"]
    assert location == "/mount/inbox?did=approve&n=1&later=2"
    said = "1 approved. 2 not verified yet: looked at first, and shown if the link is there."
    assert said in text_of(owner.get(location.removeprefix("/mount")))
    assert [(each.source == linking, each.status.value, each.title, each.fault) for each in store.mentions.list()] == [
        (True, "approved", "Seen", None),
        (False, "rejected", "Title 2", 16),
        (False, "approved", "Title 3", None),
    ]


def test_what_is_approved_and_not_looked_at_yet_says_so(owner: Visitor, store: Store) -> None:
    number = keep(store, 1, verified=None)
    store.moderation.decide([number], MentionStatus.APPROVED)
    page = text_of(owner.get())
    assert "Approved; it is shown once the link is seen" in page
    assert f'value="approve {number}' not in page
    assert "1 not verified yet" in text_of(owner.get("/inbox?did=approve&later=1"))


def test_a_trackback_that_nobody_verifies_is_shown_on_its_sender_s_word(store: Store, clock: Clock) -> None:
    number = keep(store, 1, protocol=Protocol.TRACKBACK, verified=None)
    client = Pages()
    with Receiver(site=SITE, store=store, client=client, verify_trackbacks=False, clock=clock) as receiver:
        owner = Visitor(receiver, clock)
        owner.log_in()
        store.moderation.on_their_word = ()
        store.moderation.decide([number], MentionStatus.APPROVED)  # by a process that does not know of it
        store.moderation.on_their_word = (Protocol.TRACKBACK,)
        page = text_of(owner.get())
        assert "TrackBacks are shown at once, on the word of their senders." in page
        assert f'value="approve {number}@' in page
        location = owner.send("/inbox/decide", ("one", f"approve {number}")).headers["Location"]
    assert (location, statuses(store), client.asked) == ("/mount/inbox?did=approve&n=1", ["approved"], [])


@pytest.mark.parametrize("after", ["", "x", "1", "-", "1-", "-1", "1-x", "99999999999999999999-1", "١-١", "1-1-x"])
def test_a_cursor_that_is_none_is_the_first_page(owner: Visitor, store: Store, after: str) -> None:
    keep(store, 1)
    assert titles(owner, f"?after={after}") == ["Title 1"]


@pytest.mark.parametrize(
    ("words", "empty"),
    [
        pytest.param(
            "?q=unheard%22%3E%3Cb%3E", "Nothing is found for “<bdi>unheard&#34;&gt;&lt;b&gt;</bdi>”.", id="search"
        ),
        pytest.param("", "Nothing is waiting for you.", id="pending"),
        pytest.param("?tab=spam", "Nothing here yet.", id="spam"),
    ],
)
def test_nothing_there(owner: Visitor, words: str, empty: str) -> None:
    assert empty in text_of(owner.get(f"/inbox{words}"))


# Decisions


@pytest.mark.parametrize(
    ("word", "status", "said"),
    [
        ("approve", MentionStatus.APPROVED, "1 approved."),
        ("spam", MentionStatus.SPAM, "1 marked as spam."),
        ("delete", MentionStatus.DELETED, "1 deleted."),
    ],
)
def test_one_by_its_own_button(owner: Visitor, store: Store, word: str, status: MentionStatus, said: str) -> None:
    one, other = keep(store, 1), keep(store, 2)
    response = owner.send("/inbox/decide", ("one", f"{word} {one}"), ("id", str(other)), ("to", "/inbox?tab=all"))
    assert (response.status, response.headers["Location"]) == (303, f"/mount/inbox?tab=all&did={word}&n=1")
    assert statuses(store) == [status, "pending"]
    assert said in text_of(owner.get(response.headers["Location"].removeprefix("/mount")))


@pytest.mark.parametrize("button", ["one", "all"])
def test_what_changed_since_it_was_read_is_not_approved(
    owner: Visitor, store: Store, clock: Clock, button: str
) -> None:
    numbers = [keep(store, 1), keep(store, 2)]
    page = text_of(owner.get())
    ones, ids = re.findall(r'value="(approve [^"]+)"', page), re.findall(r'name="id" value="([^"]+)"', page)
    clock.pass_by(seconds=1)
    store.mentions.update(replace(store.mentions.with_ids(numbers)[1], title="CASINO"))
    fields = [("one", ones[0])] if button == "one" else [("all", "approve"), *[("id", each) for each in ids]]
    location = owner.send("/inbox/decide", *fields).headers["Location"]
    approved = "&n=1" if button == "all" else ""
    assert location == f"/mount/inbox?did=approve{approved}&changed=1"
    assert statuses(store) == ["approved" if approved else "pending", "pending"]
    said = "1 not approved: changed since you read this page. Please read again."
    shown = text_of(owner.get(location.removeprefix("/mount")))
    assert (said in shown, "CASINO" in shown, " 0 approved" in shown) == (True, True, False)
    assert owner.send("/inbox/decide", ("one", ones[0].replace("approve", "spam"))).headers["Location"].endswith("n=1")


def test_many_at_once(owner: Visitor, store: Store) -> None:
    numbers = [keep(store, number) for number in range(50)]
    fields = [("id", str(number)) for number in numbers[1:]]
    response = owner.send("/inbox/decide", ("all", "approve"), *fields)
    assert response.headers["Location"] == "/mount/inbox?did=approve&n=49"
    assert statuses(store) == ["pending", *["approved"] * 49]


def test_a_blocked_host_is_refused_from_then_on(owner: Visitor, store: Store) -> None:
    one = keep(store, 1, source="https://user@spam.example:8443/x")
    other = keep(store, 2, source="https://[2001:db8::1]/")
    keep(store, 3)
    response = owner.send("/inbox/decide", ("all", "block"), ("id", str(one)), ("id", str(other)))
    assert response.headers["Location"] == "/mount/inbox?did=block&n=2"
    assert statuses(store) == ["spam", "spam", "pending"]
    assert store.blocks.all() == ["[2001:db8::1]", "spam.example"]


@pytest.mark.parametrize(
    ("site", "source"),
    [
        pytest.param(SITE, f"{SITE}other-post", id="itself"),
        pytest.param(SITE, "http://MY.example:8443/x", id="its-host-by-another-port"),
        pytest.param(SITE, "https://my.example./x", id="its-host-with-a-dot"),
        pytest.param([SITE, "https://second.example/b/"], "http://second.example/b/x?y=1", id="another-site-of-mine"),
        pytest.param("https://blog.my.example/", "https://my.example/", id="the-host-above"),
    ],
)
def test_no_click_blocks_a_host_of_the_owner_s_own(
    store: Store, clock: Clock, site: str | list[str], source: str
) -> None:
    first = [site] if isinstance(site, str) else site
    ids = [keep(store, 1, source=source, target=f"{first[0]}post"), keep(store, 2)]
    with Receiver(site=site, store=store, client=Pages(), clock=clock) as receiver:
        owner = Visitor(receiver, clock)
        owner.log_in()
        for fields in ([("one", f"block {ids[0]}")], [("all", "block"), *[("id", str(each)) for each in ids]]):
            location = owner.send("/inbox/decide", *fields).headers["Location"]
            assert location == "/mount/inbox?did=ours"
        assert "block a host of your own sites" in text_of(owner.get("/inbox?did=ours"))
    assert (statuses(store), store.blocks.all()) == (["pending", "pending"], [])


@pytest.mark.parametrize(
    ("fields", "location"),
    [
        pytest.param([("all", "approve")], "?did=nothing", id="nothing-selected"),
        pytest.param([("all", "approve"), ("id", "4711")], "?did=nothing", id="no-such-mention"),
        pytest.param(
            [("all", "approve"), ("id", "x"), ("id", "-1"), ("id", "9" * 30)], "?did=nothing", id="no-numbers"
        ),
        pytest.param([("all", "unheard"), ("id", "1")], "", id="no-such-decision"),
        pytest.param([("all", ""), ("id", "1")], "", id="by-enter"),
        pytest.param([("one", "unheard 1")], "", id="no-such-decision-of-one"),
        pytest.param([("one", "approve")], "", id="of-no-one"),
        pytest.param([], "", id="nothing-at-all"),
    ],
)
def test_what_decides_nothing(owner: Visitor, store: Store, fields: list[tuple[str, str]], location: str) -> None:
    keep(store, 1)
    assert owner.send("/inbox/decide", *fields).headers["Location"] == f"/mount/inbox{location}"
    assert statuses(store) == ["pending"]


def test_the_message_is_in_our_words(owner: Visitor) -> None:
    assert 'class="message"' not in text_of(owner.get("/inbox?did=%3Cb%3Ewon%3C/b%3E&n=x"))
    assert "0 approved." in text_of(owner.get("/inbox?did=approve&n=%3Cb%3E"))


# Figures


def test_days_and_top_sources(owner: Visitor, store: Store) -> None:
    today = owner.clock.instant
    for days, host in [(0, "a"), (0, "a"), (1, "b"), (29, "b"), (30, "c"), (1, "b")]:
        at = today - timedelta(days=days)
        keep(store, 0, source=f"https://{host}.example/{days}/{len(statuses(store))}", received=at)
    page = text_of(owner.get())
    assert page.count("<rect ") == 30
    assert "5 mentions, most of them on 01 Jan: 2." in page
    assert re.findall(r'tab=all&amp;q=([a-z.]+)"><bdi>[a-z.]+</bdi></a> <span class="number">(\d)', page) == [
        ("b.example", "3"),
        ("a.example", "2"),
    ]


@pytest.mark.parametrize(
    ("numbers", "drawn"),
    [
        pytest.param([1], [Bar(0, 0, 298, 64)], id="one"),
        pytest.param([0, 0], [Bar(0, 62, 148, 2), Bar(150, 62, 148, 2)], id="none"),
        pytest.param([4, 2], [Bar(0, 0, 148, 64), Bar(150, 31, 148, 33)], id="the-highest-fills-the-height"),
    ],
)
def test_bars(numbers: list[int], drawn: list[Bar]) -> None:
    assert bars(numbers) == drawn


@given(st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=60))
def test_all_bars_fit(numbers: list[int]) -> None:
    for bar in bars(numbers):
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
        assert 0 <= bar.y <= bar.y + bar.height <= HEIGHT


def test_block_and_unblock(owner: Visitor, store: Store) -> None:
    response = owner.send("/inbox/block", ("block", "https://Spam.example/~x"), ("to", "/inbox/blocked"))
    assert response.headers["Location"] == "/mount/inbox/blocked?did=block"
    assert store.blocks.all() == ["spam.example/~x"]
    page = text_of(owner.get("/inbox/blocked?did=block"))
    assert "Blocked. Pings from there are refused from now on." in page
    assert '<button name="block" value="spam.example/~x"' in page
    response = owner.send("/inbox/unblock", ("block", "spam.example/~x"), ("to", "/inbox/blocked"))
    assert response.headers["Location"] == "/mount/inbox/blocked?did=unblock"
    assert "Nothing is blocked." in text_of(owner.get("/inbox/blocked"))


@pytest.mark.parametrize("typed", ["", "a b", "x" * 600, "<b>", "https://u:p@a.example/"])
def test_what_names_no_host(owner: Visitor, store: Store, typed: str) -> None:
    response = owner.send("/inbox/block", ("block", typed), ("to", "/inbox/blocked"))
    assert response.headers["Location"] == "/mount/inbox/blocked?did=unclear"
    assert "This names no host" in text_of(owner.get("/inbox/blocked?did=unclear"))
    assert store.blocks.all() == []


def test_a_button_that_is_none_of_ours(owner: Visitor) -> None:
    assert owner.send("/inbox/unblock", ("block", "a b")).headers["Location"] == "/mount/inbox"
