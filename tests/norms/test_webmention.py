"""Webmention, line by line (W1 to W27 of `tests.norms.lines`)."""

import itertools
import threading
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

import pytest

import pingback
from pingback import Author, Client, Limits, Mention, MentionKind, MentionStatus, OutcomeStatus, Protocol, Store
from pingback.server.run import Server
from tests.loopback import Request, Site, page, redirect
from tests.norms.web import FIVE, Serve, form_of, linking, posts, with_headers
from tests.paths.exchange import ask, post
from tests.paths.programs import PATIENCE, wait_until
from tests.receive.pages import Clock

QUEUED = {"queued": [Protocol.WEBMENTION]}
TAKES_THEM = page(b'<link rel="webmention" href="/wm">')
REL = 'rel="webmention"'


@pytest.fixture
def takes_webmentions(site: Site) -> Site:
    """The pages `/one`, `/two` and `/three` take webmentions, all at `/wm`."""
    site.pages |= {"/one": TAKES_THEM, "/two": TAKES_THEM, "/three": TAKES_THEM, "/wm": page(status=202)}
    return site


def publish(site: Site, client: Client, store: Store, path: str = "/6") -> list[str]:
    """The targets that are told when the post at `path` is published, as paths, sorted."""
    before = len(posts(site))
    list(pingback.publish(site.url + path, client=client, store=store))
    told = [form_of(request) for request in posts(site)[before:]]
    assert {form["source"] for form in told} <= {site.url + path}
    return sorted(form["target"].removeprefix(site.url) for form in told)


# The sender: discovery


@pytest.mark.line("W1", "W2", "W3")
@pytest.mark.parametrize(
    ("headers", "body", "endpoint"),
    [
        pytest.param([f"Link: </wm>; {REL}"], "", "/wm", id="W1-header"),
        pytest.param(["link: </wm>; rel=webmention"], "", "/wm", id="W1-without-quotes"),
        pytest.param([f'Link: </a>; rel="next", </wm>; {REL}'], "", "/wm", id="W1-among-others"),
        pytest.param(['Link: </a>; rel="next"', f"Link: </wm>; {REL}"], "", "/wm", id="W1-in-the-second-header"),
        pytest.param(['Link: </wm>; rel="x webmention"'], "", "/wm", id="W1-among-other-rels"),
        pytest.param([], f'<link {REL} href="/wm">', "/wm", id="W2-link"),
        pytest.param([], f'<a {REL} href="/wm">x</a>', "/wm", id="W2-a"),
        pytest.param([f"Link: </wm>; {REL}"], f'<link {REL} href="/no">', "/wm", id="W2-header-first"),
        pytest.param([], f'<a {REL} href="/wm">x</a><link {REL} href="/no">', "/wm", id="W2-a-before-link"),
        pytest.param([], f'<link {REL} href="/wm"><a {REL} href="/no">x</a>', "/wm", id="W2-link-before-a"),
        pytest.param([], f'<!-- <link {REL} href="/no"> --><a {REL} href="/wm">x</a>', "/wm", id="W2-no-comment"),
        pytest.param([], f'<p>&lt;a {REL} href="/no"></p><a {REL} href="/wm">x</a>', "/wm", id="W2-no-prose"),
        pytest.param([f"Link: <wm?x=1>; {REL}"], "", "/there/wm?x=1", id="W3-relative-in-a-header"),
        pytest.param([], f'<link {REL} href="../wm">', "/wm", id="W3-relative-in-the-page"),
        pytest.param([], f'<a {REL} href="">x</a>', "/there/page", id="W3-empty-is-the-page"),
        pytest.param([], '<link rel="webmentions" href="/no">', None, id="W2-no-other-rel"),
        pytest.param([], f'<form {REL} action="/no"><area {REL} href="/no">', None, id="W2-no-other-element"),
    ],
)
def test_W1_where_an_endpoint_is_found(
    site: Site, client: Client, headers: list[str], body: str, endpoint: str | None
) -> None:
    site.pages |= {"/old": redirect("/there/page", 301), "/there/page": with_headers(*headers, body=body.encode())}
    found = pingback.discover(f"{site.url}/old#part", client=client)
    assert [each.url for each in found] == ([site.url + endpoint] if endpoint else [])


@pytest.mark.line("W1")
def test_W1_not_on_the_way_there(site: Site, client: Client) -> None:
    moved = b"HTTP/1.1 302 -\r\nLocation: /there\r\nContent-Length: 0\r\n" + f"Link: </no>; {REL}\r\n\r\n".encode()
    site.pages |= {"/old": moved, "/there": page()}
    assert pingback.discover(f"{site.url}/old", client=client) == []


@pytest.mark.line("W4", "W6")
def test_W4_the_query_of_the_endpoint_stays_where_it_is(site: Site, client: Client) -> None:
    site.pages |= {"/there": with_headers(f"Link: </wm?id=5&x=%20>; {REL}"), "/wm?id=5&x=%20": page(status=202)}
    source, target = "https://my.example/6?a=1&b=ü", f"{site.url}/there"
    pingback.send(source, target, client=client)
    [request] = posts(site)
    assert request.path == "/wm?id=5&x=%20"
    assert form_of(request) == {"source": source, "target": target}


@pytest.mark.line("W5")
def test_W5_one_get_and_the_name(takes_webmentions: Site, client: Client) -> None:
    pingback.send("https://my.example/6", f"{takes_webmentions.url}/one", client=client)
    assert [request.method for request in takes_webmentions.requests] == ["GET", "POST"]
    assert all("Webmention" in request.headers["user-agent"] for request in takes_webmentions.requests)


@pytest.mark.line("W12")
@pytest.mark.parametrize(
    "host",
    [
        pytest.param("127.0.0.2", id="W12-loopback"),
        pytest.param("[::1]", id="W12-loopback-of-ipv6"),
        pytest.param("localhost.example", id="W12-a-name-for-loopback"),
        pytest.param("10.0.0.1", id="W12-a-private-network"),
        pytest.param("169.254.169.254", id="W12-a-cloud-s-metadata"),
    ],
)
def test_W12_nothing_goes_inside(site: Site, host: str) -> None:
    address = f"http://{host}:{site.port}"
    site.pages["/there"] = with_headers(f"Link: <{address}/wm>; {REL}")
    ports = Limits(ports={site.port})  # so that it is the address that keeps us from there
    with Client(allow=["127.0.0.1"], limits=ports, resolver=lambda name, port: ["127.0.0.2"]) as client:
        target = pingback.send("https://my.example/6", f"{address}/there", client=client)
        endpoint = pingback.send("https://my.example/6", f"{site.url}/there", client=client)
    assert (target.status, endpoint.status) == (OutcomeStatus.BLOCKED, OutcomeStatus.BLOCKED)
    assert [(request.method, request.path) for request in site.requests] == [("GET", "/there")]


# The sender: what is sent


@pytest.mark.line("W6")
def test_W6_a_form_by_post(takes_webmentions: Site, client: Client) -> None:
    pingback.send("https://my.example/6", f"{takes_webmentions.url}/one", client=client)
    [request] = posts(takes_webmentions)
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    target = takes_webmentions.url.replace(":", "%3A").replace("/", "%2F")
    assert request.body.decode() == f"source=https%3A%2F%2Fmy.example%2F6&target={target}%2Fone"


@pytest.mark.line("W6")
@pytest.mark.parametrize("status", [200, 201, 202, 203, 204, 206, 299])
def test_W6_any_2xx_is_success(takes_webmentions: Site, client: Client, status: int) -> None:
    takes_webmentions.pages["/wm"] = page(status=status) if status != 204 else b"HTTP/1.1 204 -\r\n\r\n"
    sent = pingback.send("https://my.example/6", f"{takes_webmentions.url}/one", client=client)
    assert sent.status is OutcomeStatus.ACCEPTED


@pytest.mark.line("W7")
def test_W7_an_update_is_told_to_old_and_new_targets(takes_webmentions: Site, client: Client, store: Store) -> None:
    site = takes_webmentions
    site.pages["/6"] = page(f'<p>See <a href="{site.url}/one">1</a></p><p><a href="{site.url}/two">2</a>'.encode())
    assert publish(site, client, store) == ["/one", "/two"]
    site.pages["/6"] = page(f'<p>Or see <a href="{site.url}/one">1</a></p><p><a href="{site.url}/three">3</a>'.encode())
    assert publish(site, client, store) == ["/one", "/three", "/two"]
    assert publish(site, client, store) == []


@pytest.mark.line("W7")
def test_W7_a_change_elsewhere_in_the_post_is_told_too(takes_webmentions: Site, client: Client, store: Store) -> None:
    site = takes_webmentions
    link = f'<div class="h-entry"><p>See <a href="{site.url}/one">1</a>.</p>'
    site.pages["/6"] = page(f"{link}<p>words".encode())
    assert publish(site, client, store) == ["/one"]
    site.pages["/6"] = page(f"{link}<p>other words".encode())
    assert publish(site, client, store) == ["/one"]


@pytest.mark.line("W8")
def test_W8_the_endpoint_is_looked_for_anew(takes_webmentions: Site, client: Client, store: Store) -> None:
    site = takes_webmentions
    fresh = {"Cache-Control": "max-age=86400"}
    site.pages |= {"/6": linking(f"{site.url}/one"), "/one": page(headers={"Link": f"</wm>; {REL}"} | fresh)}
    publish(site, client, store)
    site.pages |= {"/6": page(f'<p>Now: <a href="{site.url}/one">1</a>'.encode()), "/new": page(status=202)}
    site.pages["/one"] = page(headers={"Link": f"</new>; {REL}"} | fresh)
    publish(site, client, store)
    assert [request.path for request in posts(site)] == ["/wm", "/new"]


@pytest.mark.line("W9")
def test_W9_departed_a_response_is_no_update(takes_webmentions: Site, client: Client, store: Store) -> None:
    site = takes_webmentions
    article = f'<article><p>See <a href="{site.url}/one">1</a>.</p>%s</article>'
    site.pages["/6"] = page((article % "").encode())
    assert publish(site, client, store) == ["/one"]
    site.pages["/6"] = page((article % f'<ol class="comments"><li><a href="{site.url}/two">A reply</a></ol>').encode())
    assert publish(site, client, store) == []


@pytest.mark.line("W10")
def test_W10_a_deleted_post_is_told_to_all_targets(takes_webmentions: Site, client: Client, store: Store) -> None:
    site = takes_webmentions
    site.pages["/6"] = linking(f"{site.url}/one", f"{site.url}/two")
    assert publish(site, client, store) == ["/one", "/two"]
    site.pages["/6"] = page(b"<p>This post was deleted.", status=410)
    assert publish(site, client, store) == ["/one", "/two"]
    assert publish(site, client, store) == []


@pytest.mark.line("W10")
def test_W10_a_post_that_cannot_be_found_is_not_deleted(takes_webmentions: Site, client: Client, store: Store) -> None:
    takes_webmentions.pages["/6"] = linking(f"{takes_webmentions.url}/one")
    publish(takes_webmentions, client, store)
    takes_webmentions.pages["/6"] = page(status=404)
    assert publish(takes_webmentions, client, store) == []


@pytest.mark.line("W11")
@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        pytest.param({"Cache-Control": "max-age=3600"}, 1, id="W11-fresh"),
        pytest.param({"Cache-Control": "no-store"}, 2, id="W11-not-to-be-kept"),
        pytest.param({"Cache-Control": "max-age=0"}, 2, id="W11-stale-at-once"),
        pytest.param({"Expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, 2, id="W11-expired"),
    ],
)
def test_W11_the_cache_headers_of_the_target(
    takes_webmentions: Site, client: Client, store: Store, headers: Mapping[str, str], asked: int
) -> None:
    site = takes_webmentions
    site.pages |= {"/6": linking(f"{site.url}/one"), "/7": linking(f"{site.url}/one")}
    site.pages["/one"] = page(headers={"Link": f"</wm>; {REL}", **headers})
    for path in ("/6", "/7"):
        assert publish(site, client, store, path) == ["/one"]
    assert [request.path for request in site.requests].count("/one") == asked


# The receiver: the request


@pytest.mark.line("W13", "W15", "W21")
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"source": ""}, "source is missing", id="W15-no-source"),
        pytest.param({"target": ""}, "target is missing", id="W15-no-target"),
        pytest.param({"source": "/6"}, "source is not an absolute HTTP URL", id="W15-relative"),
        pytest.param({"source": "http://["}, "source is not an absolute HTTP URL", id="W15-no-url"),
        pytest.param({"source": "ftp://a.example/"}, "source is not an absolute HTTP URL", id="W15-ftp"),
        pytest.param({"target": "mailto:a@b.example"}, "target is not an absolute HTTP URL", id="W15-mailto"),
        pytest.param({"source": "{root}/blog/5"}, "source and target are the same page", id="W15-equal"),
        pytest.param({"source": "{root}/blog/5#x"}, "source and target are the same page", id="W15-but-a-fragment"),
    ],
)
def test_W13_parameters_are_checked_at_once(site: Site, serve: Serve, fields: Mapping[str, str], words: str) -> None:
    taking = serve(**QUEUED)
    form = {"source": f"{site.url}/6", "target": f"{site.url}{FIVE}", **fields}
    answer = post(f"{taking.root}/webmention", {name: value.format(root=site.url) for name, value in form.items()})
    assert (answer.status, answer.body.strip()) == (400, words)
    assert (taking.mentions(), site.requests) == ([], [])


@pytest.mark.line("W14", "W13", "W17")
def test_W14_201_with_location_while_the_source_is_awaited(site: Site, serve: Serve) -> None:
    gate = threading.Event()
    answer = linking(f"{site.url}{FIVE}")

    def slow(request: Request) -> bytes:
        gate.wait(PATIENCE)
        return answer

    site.pages["/slow"] = slow
    taking = serve(**QUEUED)
    try:
        accepted = taking.webmention(f"{site.url}/slow", f"{site.url}{FIVE}")
        assert accepted.status == 201
        status_page = accepted.headers["Location"]
        assert status_page.startswith(f"{taking.root}/webmention/")
        assert ask(status_page).body == "the webmention is waiting to be verified\n"
        assert [mention.status for mention in taking.mentions()] == [MentionStatus.PENDING]
    finally:
        gate.set()
    wait_until(lambda: taking.mentions()[0].verified is not None)
    assert ask(status_page).body == "the webmention is shown\n"


@pytest.mark.line("W14")
def test_W14_200_when_verified_inline(site: Site, serve: Serve) -> None:
    answer = serve().webmention(f"{site.url}/6", f"{site.url}{FIVE}")
    assert (answer.status, answer.headers.get("Location")) == (200, None)


@pytest.mark.line("W16", "W21")
@pytest.mark.parametrize(
    ("target", "words"),
    [
        pytest.param("/blog/nowhere", "the target does not exist", id="W16-not-there"),
        pytest.param("/blog/nowhere#five", "the target does not exist", id="W16-the-fragment-aside"),
        pytest.param("/elsewhere", "the target is not a page of this site", id="W16-not-ours"),
    ],
)
def test_W16_the_target_is_checked_at_once(site: Site, serve: Serve, target: str, words: str) -> None:
    answer = serve(**QUEUED).webmention(f"{site.url}/6", site.url + target)
    assert (answer.status, answer.body.strip()) == (400, words)
    assert "/6" not in [request.path for request in site.requests]


@pytest.mark.line("W16")
def test_W16_a_fragment_makes_no_other_target(site: Site, serve: Serve) -> None:
    assert serve(**QUEUED).webmention(f"{site.url}/6", f"{site.url}{FIVE}#part").status == 201


@pytest.mark.line("W21")
@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param("/nowhere", "the source does not exist", id="W21-no-source"),
        pytest.param("/7", "does not link to", id="W21-no-link"),
        pytest.param("/broken", "the server of the source answered with an error", id="W21-no-answer"),
    ],
)
def test_W21_400_for_what_is_the_source_s(site: Site, serve: Serve, source: str, words: str) -> None:
    site.pages |= {"/7": page(b"<p>nothing"), "/broken": page(status=500)}
    taking = serve()
    answer = taking.webmention(site.url + source, f"{site.url}{FIVE}")
    assert (answer.status, words in answer.body, taking.mentions()) == (400, True, [])


def _broken(mention: Mention) -> MentionStatus:
    raise ZeroDivisionError("a secret")


@pytest.mark.line("W22")
def test_W22_500_for_what_is_our_own(site: Site, serve: Serve) -> None:
    answer = serve(decide=_broken).webmention(f"{site.url}/6", f"{site.url}{FIVE}")
    assert (answer.status, answer.body) == (500, "something went wrong here\n")


# The receiver: the source


@pytest.mark.line("W17")
def test_W17_the_source_is_fetched_wherever_it_went(site: Site, serve: Serve) -> None:
    site.pages |= {"/old": redirect("/older", 301), "/older": redirect("/6", 307)}
    taking = serve()
    assert taking.webmention(f"{site.url}/old", f"{site.url}{FIVE}").status == 200
    fetched = [(request.method, request.path) for request in site.requests if request.path != FIVE]
    assert fetched == [("GET", "/old"), ("GET", "/older"), ("GET", "/6")]
    assert [(mention.source, mention.title) for mention in taking.mentions()] == [(f"{site.url}/old", "Six")]


@pytest.mark.line("W18")
def test_W18_the_source_is_asked_for_with_accept(site: Site, serve: Serve) -> None:
    serve().webmention(f"{site.url}/6", f"{site.url}{FIVE}")
    [asked] = [request for request in site.requests if request.path == "/6"]
    assert asked.headers["accept"] == "text/html, application/xhtml+xml, */*;q=0.5"


@pytest.mark.line("W18")
@pytest.mark.parametrize(
    ("media_type", "text", "status"),
    [
        pytest.param("text/html", '<a href="{five}">x</a>', 200, id="W18-html-a"),
        pytest.param("text/html", '<img src="{five}">', 200, id="W18-html-img"),
        pytest.param("text/html", '<video src="{five}"></video>', 200, id="W18-html-video"),
        pytest.param("text/html", '<audio src="{five}"></audio>', 200, id="W18-html-audio"),
        pytest.param("application/xhtml+xml", '<a href="{five}">x</a>', 200, id="W18-xhtml"),
        pytest.param("text/html", "<p>{five}", 400, id="W18-html-text"),
        pytest.param("text/html", '<!-- <a href="{five}">x</a> -->', 400, id="W18-html-comment"),
        pytest.param("application/json", '{{"about": ["{five}"]}}', 200, id="W18-json-value"),
        pytest.param("application/json", '{{"{five}": 1}}', 400, id="W18-json-name"),
        pytest.param("application/json", '{{"about": "see {five}"}}', 400, id="W18-json-part-of-a-value"),
        pytest.param("text/plain", "See {five}.", 200, id="W18-text"),
        pytest.param("text/plain", "See {five}5.", 400, id="W18-text-of-another"),
        pytest.param("image/png", "{five}", 400, id="W18-no-other-media-type"),
    ],
)
def test_W18_a_link_is_what_the_media_type_says(
    site: Site, serve: Serve, media_type: str, text: str, status: int
) -> None:
    said = text.format(five=f"{site.url}{FIVE}").encode()
    site.pages["/6"] = page(said, headers={"Content-Type": media_type})
    assert serve().webmention(f"{site.url}/6", f"{site.url}{FIVE}").status == status


@pytest.mark.line("W19")
@pytest.mark.parametrize(
    ("written", "status"),
    [
        pytest.param("{root}/blog/5", 200, id="W19-exactly"),
        pytest.param("{root}/blog/5#part", 200, id="W19-departed-fragment"),
        pytest.param("{https}/blog/5", 200, id="W19-departed-scheme"),
        pytest.param("{root}/blog/%35", 200, id="W19-departed-escape"),
        pytest.param("{root}/x/../blog/5", 200, id="W19-departed-dot-segments"),
        pytest.param("/blog/5", 200, id="W19-departed-relative"),
        pytest.param("{root}/blog/5/", 400, id="W19-no-slash-more"),
        pytest.param("{root}/blog/5?utm_source=x", 400, id="W19-no-query-more"),
        pytest.param("{root}/blog/55", 400, id="W19-no-beginning"),
        pytest.param("{root}/go?to={root}/blog/5", 400, id="W19-not-within-another"),
    ],
)
def test_W19_the_target_is_in_the_source(site: Site, serve: Serve, written: str, status: int) -> None:
    site.pages["/6"] = linking(written.format(root=site.url, https=site.url.replace("http:", "https:")))
    assert serve().webmention(f"{site.url}/6", f"{site.url}{FIVE}").status == status


@pytest.mark.line("W26")
@pytest.mark.parametrize(
    ("redirects", "status"), [pytest.param(5, 200, id="W26-five"), pytest.param(6, 400, id="W26-six")]
)
def test_W26_redirects_are_limited(site: Site, serve: Serve, redirects: int, status: int) -> None:
    for number in range(redirects):
        site.pages[f"/{number}-to-go"] = redirect(f"/{number - 1}-to-go" if number else "/6")
    answer = serve().webmention(f"{site.url}/{redirects - 1}-to-go", f"{site.url}{FIVE}")
    assert answer.status == status


@pytest.mark.line("W26")
def test_W26_the_first_mebibyte_counts(site: Site, serve: Serve) -> None:
    link = f'<a href="{site.url}{FIVE}">five</a>'.encode()
    taking = serve()
    for before, status in ((2**20 - len(link), 200), (2**20, 400)):
        site.pages[f"/{before}"] = page(b" " * before + link)
        assert taking.webmention(f"{site.url}/{before}", f"{site.url}{FIVE}").status == status


@pytest.mark.line("W26")
def test_W26_time_is_limited(site: Site, serve: Serve) -> None:
    site.pages["/slow"] = lambda request: itertools.chain([b"HTTP/1.1 200 -\r\n"], site.silence())
    with Client(allow=["127.0.0.1"], limits=Limits(timeout=0.1)) as hasty:
        assert serve(client=hasty).webmention(f"{site.url}/slow", f"{site.url}{FIVE}").status == 400


# The receiver: what is kept, and shown


@pytest.mark.line("W20")
def test_W20_what_the_source_says_of_itself(site: Site, serve: Serve) -> None:
    taking = serve()
    site.pages["/6"] = page(
        f'<title>Six</title><div class="h-entry"><a class="p-author h-card" href="{site.url}/me">Me</a>'
        f'<p class="e-content">As in <a href="{site.url}{FIVE}">five</a>.</p></div>'.encode()
    )
    taking.webmention(f"{site.url}/6", f"{site.url}{FIVE}")
    [mention] = taking.mentions()
    assert (mention.title, mention.excerpt) == ("Six", "As in five.")
    assert mention.author == Author(name="Me", url=f"{site.url}/me")


@pytest.mark.line("W23")
@pytest.mark.parametrize(
    ("entry", "changed"),
    [
        pytest.param('<title>New</title><a href="{five}">five</a>', {"title": "New"}, id="W23-title"),
        pytest.param('<p>Other words: <a href="{five}">five</a>', {"excerpt": "Other words: five"}, id="W23-excerpt"),
        pytest.param(
            '<p class="h-entry"><a class="u-like-of" href="{five}">five</a>', {"kind": MentionKind.LIKE}, id="W23-like"
        ),
        pytest.param(
            '<p class="h-entry"><b class="p-author h-card">Me</b> <a href="{five}">five</a>',
            {"author": Author(name="Me")},
            id="W23-author",
        ),
    ],
)
def test_W23_a_second_one_updates_the_first(site: Site, serve: Serve, entry: str, changed: Mapping[str, Any]) -> None:
    taking = serve()
    taking.webmention(f"{site.url}/6", f"{site.url}{FIVE}")
    site.pages["/6"] = page(entry.format(five=f"{site.url}{FIVE}").encode())
    taking.clock.pass_by(hours=1)
    assert taking.webmention(f"{site.url}/6", f"{site.url}{FIVE}").status == 200
    [mention] = taking.mentions()
    assert {name: getattr(mention, name) for name in changed} == changed


AS_SIX = '<title>Six</title><article><p>As in <a href="{five}">this</a>, it is so.'


@pytest.mark.line("W23")
@pytest.mark.parametrize(
    ("entry", "changed"),
    [
        pytest.param(AS_SIX.replace("Six", "Sixth"), {"title": "Sixth"}, id="W23-title"),
        pytest.param(AS_SIX.replace("so", "not so"), {"excerpt": "As in this, it is not so."}, id="W23-excerpt"),
        pytest.param(
            '<title>Six</title><p class="h-entry"><a class="u-like-of" href="{five}">five</a>',
            {"kind": MentionKind.LIKE},
            id="W23-like",
        ),
        pytest.param(
            '<title>Six</title><p class="h-entry"><b class="p-author h-card">Me</b> <a href="{five}">five</a>',
            {"author": Author(name="Me")},
            id="W23-author",
        ),
        pytest.param(
            '<title>PILLS</title><p>cheap: <a href="{five}">buy</a>',
            {"title": "PILLS", "status": MentionStatus.PENDING},
            id="W23-something-else",
        ),
    ],
)
def test_W23_a_second_one_updates_the_first_by_default(
    site: Site, client: Client, store: Store, entry: str, changed: Mapping[str, Any]
) -> None:
    """What the owner approved stays shown, with what its page says now, unless it is another page by now."""
    clock = Clock()
    source, target = f"{site.url}/6", f"{site.url}{FIVE}"
    with (
        pingback.Site(f"{site.url}/blog/", store=store, client=client, clock=clock) as home,
        Server(home.wsgi()) as server,
    ):
        for _ in range(2):
            assert post(f"{server.url}/webmention", {"source": source, "target": target}).status == 201
            wait_until(lambda: [mention.verified for mention in store.mentions.list()] == [clock.instant])
            [mention] = store.mentions.list()
            if mention.decision is None:
                store.moderation.decide([mention.id or 0], MentionStatus.APPROVED)
            site.pages["/6"] = page(entry.format(five=target).encode())
            clock.pass_by(hours=1)
    expected = {"status": MentionStatus.APPROVED, **changed}
    assert {name: getattr(mention, name) for name in expected} == expected


@pytest.mark.line("W24")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(page(b"<p>This post was deleted.", status=410), id="W24-410"),
        pytest.param(page(b"<title>Six</title><p>no link any more"), id="W24-200-without-the-link"),
    ],
)
def test_W24_what_is_gone_is_withdrawn_once(site: Site, serve: Serve, answer: bytes) -> None:
    taking = serve()
    taking.webmention(f"{site.url}/6", f"{site.url}{FIVE}")
    site.pages["/6"] = answer
    for _ in range(2):
        taking.clock.pass_by(hours=1)
        said = taking.webmention(f"{site.url}/6", f"{site.url}{FIVE}")
        assert (said.status, said.body) == (200, "the webmention is withdrawn\n")
        assert [mention.status for mention in taking.mentions()] == [MentionStatus.DELETED]


@pytest.mark.line("W24")
def test_W24_the_same_again_changes_nothing(site: Site, serve: Serve) -> None:
    taking = serve()
    for _ in range(2):
        assert taking.webmention(f"{site.url}/6", f"{site.url}{FIVE}").status == 200
    assert len(taking.mentions()) == 1


@pytest.mark.line("W25")
def test_W25_a_stranger_s_words_are_text(site: Site, serve: Serve) -> None:
    script = "<script>alert('&quot;')</script>"
    escaped = script.replace("&", "&amp;").replace("<", "&lt;")
    taking = serve()
    site.pages["/6"] = page(f'<title>{escaped}</title><p>{escaped} <a href="{site.url}{FIVE}">x</a>'.encode())
    taking.webmention(f"{site.url}/6", f"{site.url}{FIVE}")
    listing = ask(f"{taking.root}/trackback{FIVE}?__mode=rss")
    assert "<script" not in listing.body
    assert listing.headers["X-Content-Type-Options"] == "nosniff"
    [item] = ET.fromstring(listing.body).iter("item")
    assert (item.findtext("title"), item.findtext("description")) == (script, f"{script} x")


@pytest.mark.line("W25")
def test_W25_what_is_moderated_is_not_shown(site: Site, serve: Serve) -> None:
    taking = serve(decide=lambda mention: MentionStatus.PENDING)
    answer = taking.webmention(f"{site.url}/6", f"{site.url}{FIVE}")
    assert answer.body == "the webmention is received, and not shown\n"
    assert "<item>" not in ask(f"{taking.root}/trackback{FIVE}?__mode=rss").body
