"""`pingback.sending.absent` over sockets: posts that moved, posts that are missing, and posts that are gone."""

import logging
from datetime import timedelta

import pytest

from pingback.model import Outcome
from pingback.sending.publications import of_missing
from pingback.sending.values import Publication, PublishOptions
from tests.loopback import Page, Site, page, redirect
from tests.sending.far_sides import FarSide, markup, post
from tests.sending.hook import Hook, statuses


def heard(far_side: FarSide, blog: Site) -> list[tuple[str, str]]:
    """What the far side was told, sorted: the paths of source and target."""
    return sorted(
        (source.removeprefix(blog.url), target.removeprefix(far_side.url)) for source, target in far_side.heard
    )


# A post moved


def by_url(url: str) -> Publication:
    return Publication(source=url)


def by_feed(url: str) -> Publication:
    return Publication(source=url, fingerprint="of the feed's entry")


@pytest.mark.parametrize("status", [301, 308])
def test_a_post_that_moved_speaks_by_its_new_address_and_the_old_one_is_told(
    hook: Hook, blog: Site, far_side: FarSide, old_side: FarSide, status: int
) -> None:
    blog.pages["/old"] = post(f"{far_side.url}/1", f"{old_side.url}/1")
    hook(f"{blog.url}/old")
    blog.pages |= {"/old": redirect("/new", status), "/new": blog.pages["/old"]}
    outcomes = hook(f"{blog.url}/old")
    assert sorted((outcome.source, outcome.target, outcome.status) for outcome in outcomes) == [
        (f"{blog.url}/new", f"{far_side.url}/1", "accepted"),
        (f"{blog.url}/new", f"{old_side.url}/1", "accepted"),
        (f"{blog.url}/old", f"{far_side.url}/1", "accepted"),
    ]
    assert heard(far_side, blog) == [("/new", "/1"), ("/old", "/1"), ("/old", "/1")]
    assert heard(old_side, blog) == [("/new", "/1"), ("/old", "/1")]


@pytest.mark.parametrize("given", [by_url, by_feed])
def test_the_next_runs_send_nothing_of_a_move(hook: Hook, blog: Site, far_side: FarSide, given: object) -> None:
    assert callable(given)
    blog.pages["/old"] = post(f"{far_side.url}/1")
    hook(by_url(f"{blog.url}/old"))
    blog.pages |= {"/old": redirect("/new", 301), "/new": blog.pages["/old"]}
    hook(given(f"{blog.url}/old"))
    far_side.heard.clear()
    for _ in range(2):
        hook(given(f"{blog.url}/old"))
        hook(given(f"{blog.url}/new"))
    assert far_side.heard == []


def test_a_feed_that_goes_on_to_name_the_old_address_is_not_read_again(
    hook: Hook, blog: Site, far_side: FarSide
) -> None:
    blog.pages |= {"/old": redirect("/new", 301), "/new": post(f"{far_side.url}/1")}
    hook(by_feed(f"{blog.url}/old"))
    blog.requests.clear()
    hook(by_feed(f"{blog.url}/old"))
    assert blog.requests == []


def test_a_pair_that_is_known_by_the_new_address_is_not_sent_twice(hook: Hook, blog: Site, far_side: FarSide) -> None:
    blog.pages |= {"/old": post(f"{far_side.url}/1"), "/new": post(f"{far_side.url}/1")}
    hook(f"{blog.url}/old", f"{blog.url}/new")
    blog.pages["/old"] = redirect("/new", 301)
    hook(f"{blog.url}/old")
    assert heard(far_side, blog) == [("/new", "/1"), ("/old", "/1"), ("/old", "/1")]


def test_a_post_that_is_given_as_html_speaks_by_the_address_that_it_has(
    hook: Hook, blog: Site, far_side: FarSide
) -> None:
    blog.pages |= {"/?p=6": redirect("/six", 301), "/six": post(f"{far_side.url}/1", f"{far_side.url}/2")}
    given = Publication(source=f"{blog.url}/?p=6", page=lambda: markup(f"{far_side.url}/1"), content_type="text/html")
    hook(given)
    assert heard(far_side, blog) == [("/six", "/1")]


def test_a_post_that_left_the_built_site_and_moved(hook: Hook, blog: Site, far_side: FarSide) -> None:
    """Of the new address the build itself says what is to be sent."""
    blog.pages["/old"] = post(f"{far_side.url}/1")
    hook(Publication(source=f"{blog.url}/old", fingerprint="1"))
    blog.pages |= {"/old": redirect("/old/", 301), "/old/": post(f"{far_side.url}/1", f"{far_side.url}/2")}
    hook(Publication(source=f"{blog.url}/old", gone=True))
    assert heard(far_side, blog) == [("/old", "/1"), ("/old", "/1")]
    known = hook.store.posts.at(f"{blog.url}/old")
    assert known is not None
    assert known.gone


def test_a_move_back(hook: Hook, blog: Site, far_side: FarSide) -> None:
    here = post(f"{far_side.url}/1")
    blog.pages |= {"/a": here}
    hook(f"{blog.url}/a")
    for old, new in [("/a", "/b"), ("/b", "/a")]:
        blog.pages |= {old: redirect(new, 301), new: here}
        outcomes = hook(f"{blog.url}{old}")
        assert sorted((outcome.source, outcome.status) for outcome in outcomes) == [
            (f"{blog.url}/a", "accepted"),
            (f"{blog.url}/b", "accepted"),
        ]


@pytest.mark.parametrize(
    ("pages", "source"),
    [
        pytest.param({"/old": redirect("/new", 302)}, "/old", id="302"),
        pytest.param({"/old": redirect("/new", 307)}, "/old", id="307"),
        pytest.param({"/old": redirect("/then", 301), "/then": redirect("/new", 302)}, "/old", id="301-then-302"),
        pytest.param({"/old": redirect("/old/", 301), "/old/": b"new"}, "/old", id="a-slash"),
        pytest.param({"/old": redirect("/old.html", 301), "/old.html": b"new"}, "/old", id="html"),
        pytest.param({"/old": redirect("/then", 301), "/then": redirect("/new", 308)}, "/new", id="301-then-308"),
    ],
)
def test_what_is_a_move(hook: Hook, blog: Site, far_side: FarSide, pages: dict[str, Page], source: str) -> None:
    new = post(f"{far_side.url}/1")
    blog.pages |= {"/new": new} | {path: new if answer == b"new" else answer for path, answer in pages.items()}
    [outcome] = hook(f"{blog.url}/old")
    assert (outcome.source, outcome.status) == (f"{blog.url}{source}", "accepted")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(redirect("/", 301), "and that is no post", id="home"),
        pytest.param(redirect("/tags/words", 301), "and that is no post", id="a-list"),
        pytest.param(redirect("/copy", 301), "and that is no post", id="a-copy"),
        pytest.param(redirect("/old", 301), "more than 5 redirects", id="a-circle"),
    ],
)
def test_what_is_no_move_tells_nobody(hook: Hook, blog: Site, far_side: FarSide, answer: Page, words: str) -> None:
    rows = "".join(f'<article><h2><a href="/{number}">{number}</a></h2>Said.</article>' for number in range(4))
    blog.pages |= {
        "/": post(f"{far_side.url}/2"),
        "/tags/words": page(f"<!doctype html><body><main><h1>Words</h1>{rows}</main>".encode()),
        "/copy": post(f"{far_side.url}/2", head='<link rel="canonical" href="/elsewhere">'),
        "/old": post(f"{far_side.url}/1"),
    }
    hook(f"{blog.url}/old")
    blog.pages["/old"] = answer
    [outcome] = hook(f"{blog.url}/old")
    assert (outcome.source, outcome.target, outcome.status) == (f"{blog.url}/old", None, "skipped")
    assert words in outcome.message
    assert heard(far_side, blog) == [("/old", "/1")]


def test_a_post_that_moved_to_another_site_is_to_be_named_there(hook: Hook, blog: Site, far_side: FarSide) -> None:
    with Site({"/new": post(f"{far_side.url}/1")}, host="127.0.0.4") as other:
        blog.pages["/old"] = redirect(f"{other.url}/new", 301)
        [outcome] = hook(f"{blog.url}/old")
        assert outcome.status == "skipped"
        assert f"publish {other.url}/new" in outcome.message
    assert far_side.heard == []


# A post is missing


def test_missing_in_three_runs_over_two_days_is_gone(
    hook: Hook, blog: Site, far_side: FarSide, old_side: FarSide
) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1", f"{old_side.url}/1")
    hook(f"{blog.url}/6")
    del blog.pages["/6"]
    for _ in range(2):
        [outcome] = hook(f"{blog.url}/6", f"{blog.url}/6")
        assert (outcome.status, outcome.fault) == ("skipped", 404)
        assert "if it stays so for two days" in outcome.message
    hook.clock.pass_by(hours=46)
    assert statuses(hook(f"{blog.url}/6")) == {f"{far_side.url}/1": "accepted"}
    assert hook(f"{blog.url}/6") == []
    assert (far_side.targets, old_side.targets) == (["/1", "/1"], ["/1"])


def test_missing_in_two_runs_is_not_gone_however_long_ago(hook: Hook, blog: Site, far_side: FarSide) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    hook(f"{blog.url}/6")
    del blog.pages["/6"]
    hook(f"{blog.url}/6")
    hook.clock.pass_by(hours=24 * 30)
    assert statuses(hook(f"{blog.url}/6")) == {None: "skipped"}


@pytest.mark.parametrize(
    "back", [pytest.param("", id="as-it-was"), pytest.param('<meta name="robots" content="noindex">', id="noindex")]
)
def test_a_page_that_is_back_begins_anew(hook: Hook, blog: Site, far_side: FarSide, back: str) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    hook(f"{blog.url}/6")
    for answer in [page(status=404), page(status=404), post(f"{far_side.url}/1", head=back), page(status=404)]:
        blog.pages["/6"] = answer
        hook(f"{blog.url}/6")
        hook.clock.pass_by(hours=48)
    assert far_side.targets == ["/1"]


def test_an_unchanged_entry_of_a_feed_whose_page_is_missing_is_looked_at(
    hook: Hook, blog: Site, far_side: FarSide
) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    hook(by_feed(f"{blog.url}/6"))
    del blog.pages["/6"]
    hook(f"{blog.url}/6")
    for _ in range(2):
        hook.clock.pass_by(hours=24)
        outcomes = hook(by_feed(f"{blog.url}/6"))
    assert statuses(outcomes) == {f"{far_side.url}/1": "accepted"}


def test_a_post_that_is_missing_is_looked_for_though_nobody_names_it(hook: Hook, blog: Site, far_side: FarSide) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    hook(f"{blog.url}/6")
    del blog.pages["/6"]
    hook(f"{blog.url}/6")

    def later(hours: float) -> list[Outcome]:
        hook.clock.pass_by(hours=hours)
        return hook(*of_missing(hook.store.posts, now=hook.clock()))

    blog.requests.clear()
    assert [later(1), later(23), later(1), later(24)][:3] == [[], [], []]
    assert far_side.targets == ["/1", "/1"]
    assert len(blog.requests) == 2
    assert later(48) == []
    assert len(blog.requests) == 2


def test_a_clock_that_ran_ahead_keeps_no_post_from_being_gone(hook: Hook, blog: Site, far_side: FarSide) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    hook(f"{blog.url}/6")
    del blog.pages["/6"]
    hook.clock.pass_by(days=3650)
    hook(f"{blog.url}/6")
    hook.clock.pass_by(days=-3650)
    for is_told in (False, True):
        assert len(hook(*of_missing(hook.store.posts, now=hook.clock()))) == is_told
        hook.clock.pass_by(days=2)
    assert far_side.targets == ["/1", "/1"]


def test_a_post_that_was_looked_for_and_is_there_is_only_found(hook: Hook, blog: Site, far_side: FarSide) -> None:
    blog.pages["/6"] = post(f"{far_side.url}/1")
    hook(f"{blog.url}/6")
    blog.pages["/6"] = page(status=404)
    hook(f"{blog.url}/6")
    blog.pages["/6"] = post(f"{far_side.url}/1", f"{far_side.url}/2")
    assert hook(Publication(source=f"{blog.url}/6", missing=True)) == []
    assert list(hook.store.posts.missing()) == []
    assert far_side.targets == ["/1"]


def by_its_maker(url: str) -> Publication:
    return Publication(source=url, gone=True)


def by_hand(url: str) -> Publication:
    return Publication(source=url, gone=True, by_hand=True)


def a_blog_without(hook: Hook, blog: Site, far_side: FarSide, missing: int, *, of: int) -> list[str]:
    """The addresses of the posts that it had; so many of them are missing."""
    paths = [f"/{number}" for number in range(of)]
    blog.pages |= {path: post(f"{far_side.url}/1") for path in paths}
    hook(*(f"{blog.url}{path}" for path in paths))
    far_side.heard.clear()
    for path in paths[:missing]:
        del blog.pages[path]
    return [blog.url + path for path in paths[:missing]]


@pytest.mark.parametrize(
    ("missing", "of", "is_told"),
    [
        pytest.param(1, 10, True, id="one-of-ten"),
        pytest.param(3, 5, True, id="three-of-five"),
        pytest.param(4, 5, False, id="four-of-five"),
        pytest.param(4, 40, True, id="a-tenth"),
        pytest.param(5, 40, False, id="more-than-a-tenth"),
    ],
)
def test_few_that_vanish_are_deleted_and_many_are_a_broken_deploy(
    hook: Hook,
    blog: Site,
    far_side: FarSide,
    caplog: pytest.LogCaptureFixture,
    missing: int,
    of: int,
    is_told: bool,
) -> None:
    left = a_blog_without(hook, blog, far_side, missing, of=of)
    outcomes = hook(*map(by_its_maker, left))
    assert [outcome.status for outcome in outcomes] == ["accepted" if is_told else "skipped"] * missing
    assert len(far_side.heard) == (missing if is_told else 0)
    sentence = f"{missing} of the {of} posts of {blog.url} are missing at once"
    assert [sentence in record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == (
        [] if is_told else [True]
    )


def test_many_that_are_missing_for_days_are_a_broken_deploy_too(hook: Hook, blog: Site, far_side: FarSide) -> None:
    left = a_blog_without(hook, blog, far_side, 5, of=10)
    for _ in range(3):
        outcomes = hook(*left)
        hook.clock.pass_by(hours=24)
    assert all("is the deploy broken?" in outcome.message for outcome in outcomes)
    assert far_side.heard == []
    for url in left:
        blog.pages[url.removeprefix(blog.url)] = post(f"{far_side.url}/1")
    hook(*left)
    assert far_side.heard == []


def test_many_that_were_deleted_are_told_by_force(hook: Hook, blog: Site, far_side: FarSide) -> None:
    left = a_blog_without(hook, blog, far_side, 8, of=10)
    hook(*map(by_its_maker, left))
    hook(*left, options=PublishOptions(missing_are_gone=True))
    assert len(far_side.heard) == 8


def test_each_that_a_person_names_is_told_at_once(hook: Hook, blog: Site, far_side: FarSide) -> None:
    left = a_blog_without(hook, blog, far_side, 8, of=10)
    assert len(hook(*map(by_hand, left[:5]))) == 5
    assert len(far_side.heard) == 5


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(post("http://127.0.0.2/1"), "can still be read", id="200"),
        pytest.param(page(status=500), "HTTP status 500", id="500"),
        pytest.param(redirect("/", 301), "that is no post", id="home"),
        pytest.param(redirect("/7", 302), "can still be read", id="302"),
    ],
)
def test_a_person_who_is_wrong_tells_nobody(
    hook: Hook, blog: Site, far_side: FarSide, answer: Page, words: str
) -> None:
    blog.pages |= {"/6": post(f"{far_side.url}/1"), "/7": page(b"seven"), "/": page(b"home")}
    hook(f"{blog.url}/6")
    blog.pages["/6"] = answer
    [outcome] = hook(by_hand(f"{blog.url}/6"))
    assert (outcome.status, outcome.target) == ("skipped", None)
    assert words in outcome.message
    assert far_side.targets == ["/1"]


def test_what_was_never_published_cannot_be_gone(hook: Hook, blog: Site) -> None:
    [outcome] = hook(by_hand(f"{blog.url}/6"))
    assert "was never published from here" in outcome.message
    assert blog.requests == []


# A server has no room just then


@pytest.mark.parametrize(("times", "told"), [pytest.param(1, True, id="once"), pytest.param(2, False, id="twice")])
def test_a_plain_503_of_a_post_is_asked_once_more_in_the_end(
    hook: Hook, blog: Site, far_side: FarSide, times: int, told: bool
) -> None:
    answers = [page(status=503)] * times + [post(f"{far_side.url}/1")]
    blog.pages |= {"/6": lambda request: answers.pop(0), "/7": post(f"{far_side.url}/2")}
    hook.patience = timedelta(minutes=1)
    outcomes = hook(f"{blog.url}/6", f"{blog.url}/7")
    assert [outcome.target for outcome in outcomes] == [f"{far_side.url}/2", f"{far_side.url}/1" if told else None]
    assert [request.path for request in blog.requests if request.path != "/7"] == ["/6", "/6"]


def test_a_503_of_a_post_that_names_a_time_is_not_asked_again(hook: Hook, blog: Site) -> None:
    blog.pages["/6"] = page(status=503, headers={"Retry-After": "60"})
    hook.patience = timedelta(minutes=1)
    assert statuses(hook(f"{blog.url}/6")) == {None: "skipped"}
    assert len(blog.requests) == 1
