"""`pingback.sending.publish` over sockets: what a post that goes out sends, and what it does not send."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from pingback.errors import BadStatus, Unreachable
from pingback.model import Outcome, OutcomeStatus, Protocol
from pingback.net.client import Client, Limits
from pingback.sending.hook import UNCHANGED, dry_run, publish
from pingback.sending.publish import Publisher
from pingback.sending.sender import Sender
from pingback.sending.values import Publication, PublishOptions, Taken
from pingback.store import Store
from pingback.work import Plan
from tests.loopback import Site, page
from tests.sending.far_sides import FarSide, markup, post
from tests.sending.hook import Hook, statuses

NOINDEX = '<meta name="robots" content="noindex">'


# A post goes out


def test_every_link_of_the_post_hears_of_it(hook: Hook, blog: Site, far_side: FarSide, old_side: FarSide) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1", f"{old_side.url}/1", f"{far_side.url}/none")
    outcomes = hook(f"{blog.url}/6")
    assert statuses(outcomes) == {
        f"{far_side.url}/1": "accepted",
        f"{old_side.url}/1": "accepted",
        f"{far_side.url}/none": "unsupported",
    }
    assert far_side.heard == [(f"{blog.url}/6", f"{far_side.url}/1")]
    assert old_side.heard == [(f"{blog.url}/6", f"{old_side.url}/1")]


def test_the_second_run_sends_nothing(hook: Hook, blog: Site, far_side: FarSide) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1", f"{far_side.url}/none")
    first, second = hook(f"{blog.url}/6"), hook(f"{blog.url}/6")
    assert statuses(second) == dict.fromkeys([f"{far_side.url}/1", f"{far_side.url}/none"], "skipped")
    assert {outcome.message for outcome in second} == {UNCHANGED}
    assert {(outcome.target, outcome.protocol, outcome.endpoint, outcome.attempts) for outcome in second} == {
        (outcome.target, outcome.protocol, outcome.endpoint, outcome.attempts) for outcome in first
    }
    assert far_side.targets == ["/1"]
    assert sorted(far_side.asked) == ["/1", "/none"]


def test_what_waits_for_another_try_is_told_and_not_sent(hook: Hook, blog: Site, far_side: FarSide) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    far_side.answer = page(status=503, headers={"Retry-After": "86400"})
    [first], [second] = hook(f"{blog.url}/6"), hook(f"{blog.url}/6")
    assert (first.status, first.fault, first.attempts) == (OutcomeStatus.FAILED, 503, 1)
    assert first.next_try == hook.clock.instant - timedelta(hours=1) + timedelta(days=1)
    assert second == first
    assert far_side.targets == ["/1"]


def test_what_is_due_by_now_is_sent_by_the_next_run(hook: Hook, blog: Site, far_side: FarSide) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    far_side.answer = page(status=500)
    hook(f"{blog.url}/6")
    far_side.answer = page(status=201)
    [outcome] = hook(f"{blog.url}/6")
    assert (outcome.status, outcome.attempts, outcome.next_try) == (OutcomeStatus.ACCEPTED, 2, None)


def test_a_post_given_as_html_is_not_what_the_page_around_it_links_to(
    hook: Hook, blog: Site, far_side: FarSide
) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/2")
    given = Publication(source=f"{blog.url}/6", page=lambda: markup(f"{far_side.url}/1"))
    assert statuses(hook(given)) == {f"{far_side.url}/1": "accepted"}
    assert [request.path for request in blog.requests] == ["/6"]


def test_a_post_chosen_by_css(hook: Hook, blog: Site, far_side: FarSide) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1", head=f'<div id="mine"><a href="{far_side.url}/2">2</a></div>')
    hook(f"{blog.url}/6", options=PublishOptions(selector="#mine"))
    assert far_side.targets == ["/2"]


@pytest.mark.parametrize("even_unready", [False, True], ids=["public", "forced"])
@pytest.mark.parametrize("given", [False, True], ids=["by-its-page", "by-a-file"])
def test_a_mistyped_selector_takes_no_link_back(
    hook: Hook, store: Store, blog: Site, far_side: FarSide, given: bool, even_unready: bool
) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    six = Publication(source=f"{blog.url}/6", page=(lambda: markup(f"{far_side.url}/1")) if given else None)
    hook(six)
    [outcome] = hook(six, options=PublishOptions(selector="#mein", even_unready=even_unready))
    assert (outcome.target, outcome.status) == (None, OutcomeStatus.SKIPPED)
    assert outcome.message == f"'#mein' finds nothing on {blog.url}/6"
    assert far_side.targets == ["/1"]


def test_what_its_maker_knows_to_be_unchanged_is_not_read(hook: Hook, blog: Site, far_side: FarSide) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    six = Publication(source=f"{blog.url}/6", fingerprint="a hash of the built file")
    hook(six)
    assert statuses(hook(six)) == {f"{far_side.url}/1": "skipped"}
    assert len(blog.requests) == 1


def test_many_posts_and_one_target_that_is_asked_once(hook: Hook, blog: Site, far_side: FarSide) -> None:
    sources = [f"/{number}" for number in range(60)]  # more than are delivered together
    blog.pages |= dict.fromkeys(sources, post(f"{far_side.url}/1"))
    outcomes = hook(*(blog.url + path for path in sources))
    assert [outcome.status for outcome in outcomes] == [OutcomeStatus.ACCEPTED] * 60
    assert sorted(far_side.heard) == sorted((blog.url + path, f"{far_side.url}/1") for path in sources)
    assert far_side.asked == ["/1"]


def test_each_post_is_heard_of_before_its_pings_go_out(
    client: Client, store: Store, blog: Site, far_side: FarSide
) -> None:
    blog.pages |= {"/6": post(f"{far_side.url}/1"), "/draft": page(status=404)}
    heard: list[tuple[Taken, int]] = []
    publications = [Publication(source=f"{blog.url}/draft"), Publication(source=f"{blog.url}/6")]
    outcomes: list[Outcome] = []
    publish(
        publications,
        outcomes.append,
        publisher=Publisher(client=client, store=store),
        sender=Sender(client=client, store=store),
        on_taken=lambda taken: heard.append((taken, len(far_side.requests))),
    )
    assert len(outcomes) == 2
    [(draft, _), (six, sent)] = heard
    assert (draft.publication, draft.is_planned) == (publications[0], False)
    assert isinstance(draft.error, BadStatus)
    assert (six.publication, six.is_planned, six.plan, six.error, sent) == (
        publications[1],
        True,
        Plan(new=1),
        None,
        0,
    )


def test_more_links_than_a_post_may_have(hook: Hook, blog: Site) -> None:
    targets = [f"https://other.example/{number}" for number in range(1001)]
    blog.pages["/6"] = post(*targets)
    [outcome] = hook(f"{blog.url}/6", options=PublishOptions(allows=lambda target: False))
    assert (outcome.source, outcome.target, outcome.status, outcome.message) == (
        f"{blog.url}/6",
        None,
        OutcomeStatus.SKIPPED,
        "1 links after the first 1000 are left out",
    )


# What is to be told


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param(
            lambda url: PublishOptions(allows=lambda target: target != f"{url}/2"), ["/1"], id="not-that-page"
        ),
        pytest.param(lambda url: PublishOptions(allows=lambda target: False), [], id="nothing"),
        pytest.param(
            lambda url: PublishOptions(protocols=[Protocol.WEBMENTION]), ["/1", "/2"], id="the-protocol-it-speaks"
        ),
        pytest.param(lambda url: PublishOptions(protocols=[Protocol.PINGBACK]), [], id="one-that-it-does-not-speak"),
        pytest.param(lambda url: PublishOptions(self_pings=False), ["/1", "/2"], id="no-self-pings"),
    ],
)
def test_only_what_the_options_allow_is_told(
    hook: Hook, blog: Site, far_side: FarSide, options: Callable[[str], PublishOptions], told: list[str]
) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1", f"{far_side.url}/2")
    hook(f"{blog.url}/6", options=options(far_side.url))
    assert sorted(far_side.targets) == told


@pytest.mark.parametrize(("self_pings", "told"), [(True, ["/5"]), (False, [])])
def test_pages_of_one_s_own(hook: Hook, self_pings: bool, told: list[str]) -> None:
    with FarSide("/5") as own:
        own.pages["/6"] = post("/5", "/6#top")
        hook(f"{own.url}/6", options=PublishOptions(self_pings=self_pings))
        assert own.targets == told


def test_what_is_left_out_now_is_told_when_it_is_wished_for(hook: Hook, blog: Site, far_side: FarSide) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    assert hook(f"{blog.url}/6", options=PublishOptions(allows=lambda target: False)) == []
    assert statuses(hook(f"{blog.url}/6")) == {f"{far_side.url}/1": "accepted"}


def test_a_known_link_that_is_left_out_is_neither_removed_nor_told(hook: Hook, blog: Site, far_side: FarSide) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1", f"{far_side.url}/2")
    hook(f"{blog.url}/6")
    known = hook.store.outbox.find(f"{blog.url}/6", f"{far_side.url}/2")
    far_side.heard.clear()

    blog.pages["/6"] = post(f"{far_side.url}/1", f"{far_side.url}/2", words="In other words")
    only_one = PublishOptions(allows=lambda target: target == f"{far_side.url}/1")
    assert statuses(hook(f"{blog.url}/6", options=only_one)) == {f"{far_side.url}/1": "accepted"}
    assert far_side.targets == ["/1"]
    assert hook.store.outbox.find(f"{blog.url}/6", f"{far_side.url}/2") == known

    hook(f"{blog.url}/6")
    assert far_side.targets == ["/1", "/2"]


def test_a_removed_link_that_is_left_out_is_told_when_it_is_wished_for(
    hook: Hook, blog: Site, far_side: FarSide
) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    hook(f"{blog.url}/6")
    blog.pages["/6"] = post()
    assert hook(f"{blog.url}/6", options=PublishOptions(allows=lambda target: False)) == []
    assert far_side.targets == ["/1"]
    assert statuses(hook(f"{blog.url}/6")) == {f"{far_side.url}/1": "accepted"}


@pytest.mark.parametrize("linked", [pytest.param(False, id="removed"), pytest.param(True, id="changed")])
def test_nothing_goes_out_by_a_protocol_that_is_not_wished_for(
    hook: Hook, blog: Site, far_side: FarSide, linked: bool
) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    hook(f"{blog.url}/6")
    blog.pages["/6"] = post(*([f"{far_side.url}/1"] if linked else []), words="In other words")
    hook(f"{blog.url}/6", options=PublishOptions(protocols=[Protocol.PINGBACK]))
    assert far_side.targets == ["/1"]
    hook(f"{blog.url}/6")
    assert far_side.targets == ["/1", "/1"]


def by_feed(url: str) -> Publication:
    return Publication(source=url, fingerprint="as it was")


@pytest.mark.parametrize("given", [pytest.param(str, id="url"), pytest.param(by_feed, id="unchanged-in-the-feed")])
def test_what_takes_another_protocol_only_is_told_when_that_may_be_used(
    hook: Hook, blog: Site, far_side: FarSide, given: Callable[[str], Publication | str]
) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    [outcome] = hook(given(f"{blog.url}/6"), options=PublishOptions(protocols=[Protocol.PINGBACK]))
    assert (outcome.status, outcome.message) == (
        OutcomeStatus.UNSUPPORTED,
        f"{far_side.url}/1 advertises no endpoint for pingback",
    )
    [ping] = hook.store.outbox.pings(due_before=hook.clock())  # at once, and not only after a while
    assert ping.attempts == 0
    assert statuses(hook(given(f"{blog.url}/6"))) == {f"{far_side.url}/1": "accepted"}
    assert far_side.targets == ["/1"]


def test_a_page_without_any_endpoint_is_not_asked_again_for_another_protocol(hook: Hook, blog: Site) -> None:
    blog.pages |= {"/6": post(f"{blog.url}/5"), "/5": page(b"five")}
    hook(f"{blog.url}/6", options=PublishOptions(protocols=[Protocol.PINGBACK]))
    assert statuses(hook(f"{blog.url}/6")) == {f"{blog.url}/5": "skipped"}
    assert [request.path for request in blog.requests].count("/5") == 1


@pytest.mark.parametrize("given", [pytest.param(str, id="url"), pytest.param(by_feed, id="unchanged-in-the-feed")])
def test_a_blocked_target_is_tried_again_and_told_of_once(
    store: Store, client: Client, blog: Site, far_side: FarSide, given: Callable[[str], Publication | str]
) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    with Client(allow=["127.0.0.1"], limits=Limits(timeout=30.0)) as strict:
        by_strict = Hook(strict, store)
        assert statuses(by_strict(given(f"{blog.url}/6"))) == {f"{far_side.url}/1": "blocked"}
        [again] = by_strict(given(f"{blog.url}/6"))
    assert again.status is OutcomeStatus.SKIPPED
    assert "127.0.0.2 is not a public address" in again.message
    assert store.outbox.find(f"{blog.url}/6", f"{far_side.url}/1").status is OutcomeStatus.BLOCKED  # type: ignore[union-attr]
    assert far_side.targets == []
    assert statuses(Hook(client, store)(given(f"{blog.url}/6"))) == {f"{far_side.url}/1": "accepted"}
    assert far_side.targets == ["/1"]


# Silent on staging


@pytest.mark.parametrize(
    ("answer", "fault", "words"),
    [
        pytest.param(page(status=404), 404, "answered with HTTP status 404", id="404"),
        pytest.param(page(status=401), 401, "answered with HTTP status 401", id="401-a-preview"),
        pytest.param(page(status=500), 500, "answered with HTTP status 500", id="500"),
        pytest.param(page(status=503), 503, "answered with HTTP status 503", id="503-maintenance"),
        pytest.param(page(status=410), 410, "answered with HTTP status 410", id="410-and-never-seen"),
        pytest.param(b"", None, "could not be reached", id="no-answer"),
        pytest.param(post("https://other.example/1", head=NOINDEX), None, "says noindex", id="noindex-by-meta"),
        pytest.param(
            page(b"<article>", headers={"X-Robots-Tag": "none"}), None, "says noindex", id="noindex-by-header"
        ),
    ],
)
def test_nothing_is_sent_for_a_post_that_is_not_public(
    hook: Hook, blog: Site, far_side: FarSide, answer: bytes, fault: int | None, words: str
) -> None:
    blog.pages["/6"] = answer
    [outcome] = hook(f"{blog.url}/6")
    assert outcome.target == ("https://other.example/1" if b"other.example" in answer else None)
    assert (outcome.source, outcome.status, outcome.fault) == (f"{blog.url}/6", OutcomeStatus.SKIPPED, fault)
    assert words in outcome.message
    assert (outcome.attempts, outcome.next_try) == (0, None)
    assert list(hook.store.outbox.pings()) == []
    assert hook.store.posts.at(f"{blog.url}/6") is None

    blog.pages["/6"] = post(f"{far_side.url}/1")
    assert statuses(hook(f"{blog.url}/6")) == {f"{far_side.url}/1": "accepted"}


def test_nothing_is_sent_for_a_post_that_only_we_can_reach(store: Store, blog: Site) -> None:
    blog.pages["/6"] = post("https://other.example/")
    with Client(limits=Limits(ports={blog.port})) as guarded:
        [outcome] = Hook(guarded, store)(f"{blog.url}/6")
    assert (outcome.target, outcome.status) == (None, OutcomeStatus.SKIPPED)
    assert outcome.message.startswith(f"{blog.url}/6 is blocked: 127.0.0.1 is not a public address; ")
    assert blog.connections == 0
    assert list(store.outbox.pings()) == []


@pytest.mark.parametrize(
    ("public", "given", "error", "words"),
    [
        pytest.param(page(status=404), "", BadStatus, "HTTP status 404", id="not-up-yet"),
        pytest.param(b"", "", Unreachable, "could not be reached", id="no-answer"),
        pytest.param(post(head=NOINDEX), "", None, "says noindex", id="the-page-says-noindex"),
        pytest.param(post(), NOINDEX, None, "says noindex", id="the-html-says-noindex"),
        pytest.param(
            page(
                markup("https://other.example/1", "https://other.example/2", head=""),
                headers={"X-Robots-Tag": "noindex"},
            ),
            "",
            None,
            "says noindex",
            id="the-same-page-with-a-header-that-says-noindex",
        ),
    ],
)
def test_html_of_a_post_that_is_not_public(
    client: Client, store: Store, blog: Site, public: bytes, given: str, error: type | None, words: str
) -> None:
    blog.pages["/6"] = public
    targets = ["https://other.example/1", "https://other.example/2"]
    publisher = Publisher(client=client, store=store)
    six = Publication(source=f"{blog.url}/6", page=lambda: markup(*targets, head=given))
    taken = publisher.plan(publisher.read(six, None))
    assert (taken.is_planned, taken.plan, type(taken.error)) == (False, Plan(), error or type(None))
    assert [(outcome.target, outcome.status) for outcome in taken.skipped] == [
        (target, OutcomeStatus.SKIPPED) for target in targets
    ]
    assert all(words in outcome.message for outcome in taken.skipped)
    assert list(store.outbox.pings()) == []


def test_a_post_that_is_not_public_names_only_what_the_options_allow(hook: Hook, blog: Site) -> None:
    targets = ["https://other.example/1", "https://other.example/2"]
    blog.pages["/6"] = post(*targets, head=NOINDEX)
    only_one = PublishOptions(allows=lambda target: target == targets[0])
    assert statuses(hook(f"{blog.url}/6", options=only_one)) == {targets[0]: "skipped"}


UNREADY = PublishOptions(even_unready=True)


def test_a_post_that_says_noindex_all_the_same(hook: Hook, blog: Site, far_side: FarSide) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1", head=NOINDEX)
    assert statuses(hook(f"{blog.url}/6", options=UNREADY)) == {f"{far_side.url}/1": "accepted"}


def test_html_of_a_post_that_is_not_public_all_the_same(hook: Hook, blog: Site, far_side: FarSide) -> None:
    given = Publication(source=f"{blog.url}/6", page=lambda: markup(f"{far_side.url}/1"))
    assert statuses(hook(given, options=UNREADY)) == {f"{far_side.url}/1": "accepted"}
    assert blog.requests == []


def test_what_cannot_be_read_has_no_links(hook: Hook, blog: Site) -> None:
    assert statuses(hook(f"{blog.url}/6", options=UNREADY)) == {None: "skipped"}


# A post changes


def test_a_link_in_other_words_is_told_again_by_webmention(
    hook: Hook, blog: Site, far_side: FarSide, old_side: FarSide
) -> None:
    targets = [f"{far_side.url}/1", f"{old_side.url}/1"]
    blog.pages["/6"] = post(*targets)
    hook(f"{blog.url}/6")
    blog.pages["/6"] = post(*targets, words="In other words")
    assert statuses(hook(f"{blog.url}/6")) == dict(zip(targets, ["accepted", "skipped"], strict=True))
    assert (far_side.targets, old_side.targets) == (["/1", "/1"], ["/1"])


def test_w8_after_a_change_the_endpoint_is_looked_for_anew(hook: Hook, blog: Site, far_side: FarSide) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    hook(f"{blog.url}/6")
    far_side.pages["/moved"] = far_side.pages.pop("/endpoint")
    far_side.pages["/1"] = page(headers={"Link": '</moved>; rel="webmention"'})
    blog.pages["/6"] = post(f"{far_side.url}/1", words="In other words")
    [outcome] = hook(f"{blog.url}/6")
    assert (outcome.status, outcome.endpoint) == (OutcomeStatus.ACCEPTED, f"{far_side.url}/moved")
    assert far_side.asked == ["/1", "/1"]


def test_w7_whatever_changed_all_that_took_a_webmention_hear_of_it(
    hook: Hook, blog: Site, far_side: FarSide, old_side: FarSide
) -> None:
    targets = [f"{far_side.url}/1", f"{old_side.url}/1"]
    blog.pages["/6"] = post(*targets)
    hook(f"{blog.url}/6")
    blog.pages["/6"] = post(*targets, f"{far_side.url}/2")
    assert statuses(hook(f"{blog.url}/6")) == {
        f"{far_side.url}/1": "accepted",
        f"{old_side.url}/1": "skipped",
        f"{far_side.url}/2": "accepted",
    }
    assert (far_side.targets.count("/1"), old_side.targets) == (2, ["/1"])


def test_what_stands_around_the_post_is_no_news(hook: Hook, blog: Site, far_side: FarSide) -> None:
    for menu in ["<nav>One</nav>", "<nav>Two</nav>"]:
        blog.pages["/6"] = post(f"{far_side.url}/1", head=menu)
        hook(f"{blog.url}/6")
    assert far_side.targets == ["/1"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(page(status=202), id="taken"),
        pytest.param(page(b"no link found", status=400), id="w21-400-no-link"),
    ],
)
def test_w7_a_removed_link_is_told_once_by_webmention(
    hook: Hook, blog: Site, far_side: FarSide, old_side: FarSide, answer: bytes
) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1", f"{old_side.url}/1", f"{far_side.url}/none")
    hook(f"{blog.url}/6")
    far_side.answer, blog.pages["/6"] = answer, post()
    assert statuses(hook(f"{blog.url}/6")) == {f"{far_side.url}/1": "accepted"}
    assert hook(f"{blog.url}/6") == []
    assert (far_side.targets, old_side.targets) == (["/1", "/1"], ["/1"])


def test_a_link_that_comes_back_is_told_again(hook: Hook, blog: Site, far_side: FarSide) -> None:
    for links in [[f"{far_side.url}/1"], [], [f"{far_side.url}/1"]]:
        blog.pages["/6"] = post(*links)
        [outcome] = hook(f"{blog.url}/6")
        assert outcome.status is OutcomeStatus.ACCEPTED
    assert far_side.targets == ["/1", "/1", "/1"]


# A post is gone


def test_w10_a_post_that_is_gone_is_told_once_by_webmention(
    hook: Hook, blog: Site, far_side: FarSide, old_side: FarSide
) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1", f"{old_side.url}/1", f"{far_side.url}/none")
    hook(f"{blog.url}/6")
    blog.pages["/6"] = page(status=410)
    assert statuses(hook(f"{blog.url}/6")) == {f"{far_side.url}/1": "accepted"}
    assert hook(f"{blog.url}/6") == []
    assert (far_side.targets, old_side.targets) == (["/1", "/1"], ["/1"])
    post_of = hook.store.posts.at(f"{blog.url}/6")
    assert post_of is not None
    assert post_of.gone


def test_a_post_that_left_the_built_site(hook: Hook, blog: Site, far_side: FarSide) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    hook(Publication(source=f"{blog.url}/6", fingerprint="1"))
    gone = Publication(source=f"{blog.url}/6", gone=True)
    [outcome] = hook(gone)
    assert (outcome.target, outcome.status) == (None, OutcomeStatus.SKIPPED)
    assert "can still be read" in outcome.message

    del blog.pages["/6"]
    assert statuses(hook(gone)) == {f"{far_side.url}/1": "accepted"}
    assert far_side.targets == ["/1", "/1"]


def test_404_alone_is_no_farewell(hook: Hook, blog: Site, far_side: FarSide) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    hook(f"{blog.url}/6")
    del blog.pages["/6"]
    assert statuses(hook(f"{blog.url}/6")) == {None: "skipped"}
    assert far_side.targets == ["/1"]


def test_a_post_that_comes_back(hook: Hook, blog: Site, far_side: FarSide) -> None:
    six = Publication(source=f"{blog.url}/6", fingerprint="1")
    for answer in [post(f"{far_side.url}/1"), page(status=410), post(f"{far_side.url}/1")]:
        blog.pages["/6"] = answer
        [outcome] = hook(six if answer != page(status=410) else Publication(source=six.source))
        assert outcome.status is OutcomeStatus.ACCEPTED
    assert far_side.targets == ["/1", "/1", "/1"]


# Rehearsals


def rehearsed(publisher: Publisher, hook: Hook, publication: Publication) -> tuple[Taken, list[str]]:
    [found] = dry_run([publication], publisher=publisher, store=hook.store)
    return found


def test_a_rehearsal_of_a_post_that_is_as_it_was(hook: Hook, client: Client, blog: Site, far_side: FarSide) -> None:
    """Only what is due again would be told, whatever the page says by now."""
    six = Publication(source=f"{blog.url}/6", fingerprint="1")
    publisher = Publisher(client=client, store=hook.store, clock=hook.clock)
    far_side.pages["/endpoint"] = page(status=503)
    blog.pages["/6"] = post(f"{far_side.url}/1")
    hook(six)
    blog.pages["/6"] = post(f"{far_side.url}/1", f"{far_side.url}/2")
    assert rehearsed(publisher, hook, six)[1] == []
    hook.clock.instant += timedelta(days=1)
    assert rehearsed(publisher, hook, six)[1] == [f"{far_side.url}/1"]


def test_a_rehearsal_tells_and_changes_nothing(hook: Hook, client: Client, blog: Site, far_side: FarSide) -> None:
    blog.pages |= {
        "/6": post(f"{far_side.url}/1", f"{far_side.url}/2", f"{far_side.url}/3"),
        "/draft": page(status=404),
    }
    publisher = Publisher(
        client=client,
        store=hook.store,
        options=PublishOptions(allows=lambda target: target != f"{far_side.url}/3"),
        clock=hook.clock,
    )
    taken, targets = rehearsed(publisher, hook, Publication(source=f"{blog.url}/6"))
    assert (taken.skipped, targets) == ((), [f"{far_side.url}/1", f"{far_side.url}/2"])
    taken, targets = rehearsed(publisher, hook, Publication(source=f"{blog.url}/draft"))
    assert ([outcome.fault for outcome in taken.skipped], taken.is_planned, targets) == ([404], False, [])
    assert (list(hook.store.outbox.pings()), far_side.requests) == ([], [])

    hook(f"{blog.url}/6")
    blog.pages["/6"] = post(f"{far_side.url}/1", f"{far_side.url}/3")
    _, targets = rehearsed(publisher, hook, Publication(source=f"{blog.url}/6"))
    assert targets == [f"{far_side.url}/1", f"{far_side.url}/2"]
    blog.pages["/6"] = page(status=410)
    _, targets = rehearsed(publisher, hook, Publication(source=f"{blog.url}/6"))
    assert targets == [f"{far_side.url}/1", f"{far_side.url}/2"]
    assert len(far_side.heard) == 3
