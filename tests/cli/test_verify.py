"""`pingback verify`: does a source link to a target, and what does it say?"""

import json

import pytest

from tests.cli.conftest import ALLOW, Run
from tests.loopback import Page, Site, page, redirect

TARGET = "https://my.example/part-5"

FULL = f"""<!doctype html><title>Zwölf Schläge, 十二 | The Clock</title>
<meta property="og:site_name" content="The Clock">
<body><article class="h-entry"><a class="p-author h-card" href="/ada"><img src="/ada.jpg" alt="">Ada &amp; Co</a>
<time class="dt-published" datetime="2026-01-02T03:04:05+02:00">today</time>
<div class="e-content"><p>Some words on <a href="{TARGET}">part five</a> by me.</p></div></article>""".encode()


def nothing_of(source: str) -> dict[str, str | None]:
    """What a page says that says nothing."""
    words = dict.fromkeys(["title", "excerpt", "site_name", "author", "published", "content"])
    return {**words, "kind": "mention-of", "url": source}


def test_json(site: Site, run: Run) -> None:
    site.pages["/6"] = page(FULL)
    done = run("verify", f"{site.url}/6", TARGET, "--json", *ALLOW)
    assert (done.code, done.err) == (0, "")
    assert done.printed == [
        {
            "source": f"{site.url}/6",
            "target": TARGET,
            "linked": True,
            "reason": None,
            "title": "Zwölf Schläge, 十二 | The Clock",
            "excerpt": "Some words on part five by me.",
            "site_name": "The Clock",
            "author": {"name": "Ada & Co", "url": f"{site.url}/ada", "photo": f"{site.url}/ada.jpg"},
            "published": "2026-01-02T01:04:05+00:00",
            "kind": "mention-of",
            "url": f"{site.url}/6",
            "content": None,
        }
    ]


def test_text(site: Site, run: Run) -> None:
    site.pages["/6"] = page(FULL)
    done = run("verify", f"{site.url}/6", TARGET, *ALLOW)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"{site.url}/6 links to {TARGET}",
        "title: Zwölf Schläge, 十二 | The Clock",
        "excerpt: Some words on part five by me.",
        "site: The Clock",
        "author: Ada & Co",
        "published: 2026-01-02T03:04:05+02:00",
    ]


REPLY = f"""<!doctype html><body><article class="h-entry"><a class="p-author h-card" href="/ada">Ada</a>
<a class="u-in-reply-to" href="{TARGET}">In reply to part five</a>
<a class="u-url" href="/notes/7"><time class="dt-published" datetime="2026-01-02T23:30-05:00">today</time></a>
<div class="e-content"><p>I do <em>not</em> think so.</p><p>Why?</p><script>1</script></div></article>""".encode()

RSVP = f"""<!doctype html><body><article class="h-entry"><a class="p-author h-card" href="/ada">Ada</a>
<data class="p-rsvp" value="maybe">Perhaps</data> <a class="u-in-reply-to" href="{TARGET}">x</a>
<p class="e-content">If it rains not.</p></article>""".encode()


def test_a_reply(site: Site, run: Run) -> None:
    site.pages["/7"] = page(REPLY)
    [told] = run("verify", f"{site.url}/7", TARGET, "--json", *ALLOW).printed
    assert (told["kind"], told["url"], told["title"]) == ("in-reply-to", f"{site.url}/notes/7", None)
    assert told["content"] == {
        "text": "I do not think so.\n\nWhy?",
        "html": "<p>I do <em>not</em> think so.</p><p>Why?</p>",
    }
    assert told["published"] == "2026-01-03T04:30:00+00:00"
    assert run("verify", f"{site.url}/7", TARGET, *ALLOW).out.splitlines() == [
        f"{site.url}/7 links to {TARGET}",
        "author: Ada",
        "published: 2026-01-02T23:30-05:00",
        "kind: in-reply-to",
        f"url: {site.url}/notes/7",
        "content: I do not think so.",
        "",
        "Why?",
    ]


def test_an_answer_to_an_invitation(site: Site, run: Run) -> None:
    site.pages["/8"] = page(RSVP)
    assert run("verify", f"{site.url}/8", TARGET, *ALLOW).out.splitlines() == [
        f"{site.url}/8 links to {TARGET}",
        "author: Ada",
        "kind: rsvp",
        "answer: maybe",
        "content: If it rains not.",
    ]
    [told] = run("verify", f"{site.url}/8", TARGET, "--json", *ALLOW).printed
    assert (told["kind"], told["rsvp"]) == ("rsvp", "maybe")


def test_an_address_on_another_host(site: Site, run: Run) -> None:
    site.pages["/9"] = page(REPLY.replace(b"/notes/7", b"https://ada.example/7"))
    [told] = run("verify", f"{site.url}/9", TARGET, "--json", *ALLOW).printed
    assert told["url"] == f"{site.url}/9"
    found = run("verify", f"{site.url}/9", TARGET, *ALLOW)
    assert f"url: https://ada.example/7 via {site.url.removeprefix('http://')}" in found.out.splitlines()
    relayed = run("verify", f"{site.url}/9", TARGET, "--relay", "127.0.0.1", *ALLOW)
    assert "url: https://ada.example/7" in relayed.out.splitlines()


def test_what_the_page_does_not_say_is_null(site: Site, run: Run) -> None:
    site.pages |= {"/6": page(f'<a href="{TARGET}"></a>'.encode()), "/old": redirect("/6")}
    done = run("verify", f"{site.url}/old", TARGET, "--json", *ALLOW)
    assert done.printed == [
        {
            "source": f"{site.url}/old",
            "target": TARGET,
            "linked": True,
            "reason": None,
            **nothing_of(f"{site.url}/old"),
        },
    ]
    assert run("verify", f"{site.url}/6", TARGET, *ALLOW).out == f"{site.url}/6 links to {TARGET}\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(page(b"<title>T</title><p>hello"), "{source} does not link to {target}", id="no-link"),
        pytest.param(page(TARGET.encode()), "{source} does not link to {target}", id="only-its-address"),
        pytest.param(page(b""), "{source} does not link to {target}", id="empty"),
        pytest.param(
            page(FULL, headers={"Content-Type": "application/pdf"}),
            "{source} is not an HTML page but application/pdf",
            id="not-html",
        ),
    ],
)
def test_the_answer_is_no(site: Site, run: Run, answer: Page, reason: str) -> None:
    site.pages["/6"] = answer
    source = f"{site.url}/6"
    expected = reason.format(source=source, target=TARGET)
    done = run("verify", source, TARGET, *ALLOW)
    assert (done.code, done.out, done.err) == (1, "", f"pingback: {expected}\n")
    done = run("verify", source, TARGET, "--json", *ALLOW)
    assert (done.code, done.err) == (1, f"pingback: {expected}\n")
    assert done.printed == [
        {"source": source, "target": TARGET, "linked": False, "reason": expected, **nothing_of(source)}
    ]


@pytest.mark.parametrize(
    ("answer", "words", "code"),
    [
        pytest.param(page(FULL, status=404), "answered with HTTP status 404", 1, id="404"),
        pytest.param(page(FULL, status=503), "answered with HTTP status 503", 1, id="503"),
        pytest.param(redirect("http://10.0.0.1/"), "10.0.0.1 is not a public address", 3, id="guard"),
        pytest.param(b"", "could not be reached", 3, id="hangs-up"),
    ],
)
def test_no_page_to_look_at(site: Site, run: Run, answer: Page, words: str, code: int) -> None:
    site.pages["/6"] = answer
    source = f"{site.url}/6"
    done = run("verify", source, TARGET, "--json", *ALLOW)
    assert done.code == code
    [printed] = done.printed
    assert words in printed["reason"]
    assert done.err == f"pingback: {printed['reason']}\n"
    assert printed == {
        "source": source,
        "target": TARGET,
        "linked": False,
        "reason": printed["reason"],
        **nothing_of(source),
    }
    done = run("verify", source, TARGET, *ALLOW)
    assert (done.code, done.out) == (code, "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param((), "Missing argument 'SOURCE'", id="nothing"),
        pytest.param(("https://a.example/6",), "Missing argument 'TARGET'", id="no-target"),
        pytest.param(("/6", TARGET), "'/6' is not an absolute HTTP URL", id="relative-source"),
        pytest.param(("https://a.example/6", "five"), "'five' is not an absolute HTTP URL", id="relative-target"),
        pytest.param(("https://a.example/6", "ftp://b.example/"), "is not an absolute HTTP URL", id="target-not-http"),
    ],
)
def test_wrong_usage(run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = run("verify", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


PROTOCOLS = ("auto", "pingback", "trackback", "webmention")
TEXT = page(f"See {TARGET}.".encode(), headers={"Content-Type": "text/plain"})
JSON = page(f'{{"name": "Six", "about": ["{TARGET}"]}}'.encode(), headers={"Content-Type": "application/json"})
HTML = page(FULL)


@pytest.mark.parametrize(
    ("answer", "protocol", "linked"),
    [
        *[pytest.param(HTML, protocol, True, id=f"html-{protocol}") for protocol in ("", *PROTOCOLS)],
        pytest.param(TEXT, "", True, id="text"),
        pytest.param(TEXT, "auto", True, id="text-auto"),
        pytest.param(TEXT, "webmention", True, id="w18-text-webmention"),
        pytest.param(TEXT, "pingback", False, id="text-pingback"),
        pytest.param(TEXT, "trackback", False, id="text-trackback"),
        pytest.param(JSON, "", True, id="json"),
        pytest.param(JSON, "webmention", True, id="w18-json-webmention"),
        pytest.param(JSON, "pingback", False, id="json-pingback"),
    ],
)
def test_by_the_rules_of_a_protocol_or_of_any(site: Site, run: Run, answer: Page, protocol: str, linked: bool) -> None:
    site.pages["/6"] = answer
    done = run("verify", f"{site.url}/6", TARGET, "--json", *(["--protocol", protocol] if protocol else []), *ALLOW)
    assert (done.code, done.printed[0]["linked"]) == (0 if linked else 1, linked)


MIB = 1024 * 1024
ADDRESSES = "".join(f"https://my.example/part-{number}\n" for number in range(100, 30_000))


@pytest.mark.parametrize(
    ("content_type", "text", "linked"),
    [
        pytest.param("text/plain", f"{ADDRESSES}{TARGET}\n".ljust(MIB + 9, "x"), True, id="text"),
        pytest.param("text/plain", f"{'x' * MIB}\n{TARGET}", False, id="text-behind-the-first-mib"),
        pytest.param("application/json", json.dumps([*ADDRESSES.split(), TARGET, "x" * MIB]), True, id="json"),
        pytest.param("application/json", json.dumps(["x" * MIB, TARGET]), False, id="json-behind-the-first-mib"),
    ],
)
def test_what_stands_in_the_first_mib_counts(site: Site, run: Run, content_type: str, text: str, linked: bool) -> None:
    site.pages["/6"] = page(text.encode(), headers={"Content-Type": content_type})
    done = run("verify", f"{site.url}/6", TARGET, "--json", *ALLOW)
    assert (done.code, done.printed[0]["linked"]) == (0 if linked else 1, linked)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        pytest.param((), None, id="no-relay"),
        pytest.param(("--relay", "127.0.0.1"), "https://a.social/@ann/6", id="a-relay"),
        pytest.param(("--relay", "relay.example"), None, id="another-relay"),
    ],
)
def test_what_a_relay_says_of_the_address_counts(site: Site, run: Run, given: tuple[str, ...], url: str | None) -> None:
    entry = (
        f'<div class="h-entry"><a class="u-url" href="https://a.social/@ann/6"></a><a href="{TARGET}">five</a></div>'
    )
    site.pages["/6"] = page(entry.encode())
    [said] = run("verify", f"{site.url}/6", TARGET, "--json", *given, *ALLOW).printed
    assert said["url"] == (url or f"{site.url}/6")
