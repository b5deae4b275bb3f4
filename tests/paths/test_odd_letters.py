"""Letters that a database may not take, in whatever strangers can say: nothing fails, on SQLite or PostgreSQL."""

from collections.abc import Iterator, Mapping
from io import BytesIO
from urllib.parse import urlencode
from wsgiref.util import setup_testing_defaults

import pytest

import pingback
from pingback.clock import now
from tests import loopback

SITE = "http://my.example"
TARGET = f"{SITE}/5"
NUL = "a\0b"
FORM = "application/x-www-form-urlencoded"
PAGE = f"""<title>{NUL}</title><div class=h-entry><h1 class=p-name>{NUL}</h1><a class=u-url href="/x{NUL}">x</a>
<a class=u-in-reply-to href="{TARGET}">re</a><div class=e-content>{NUL} <a href="{TARGET}{NUL}">y</a></div>
<p class="p-author h-card"><a class="u-url p-name" href="/me{NUL}">{NUL}</a><img class=u-photo src="/{NUL}.png"></p>
<time class=dt-published datetime="2026-01-02{NUL}">{NUL}</time></div>""".encode()


@pytest.fixture
def source() -> Iterator[str]:
    with loopback.Site({"/post": loopback.page(PAGE, headers={"Content-Type": "text/html; charset=utf-8"})}) as site:
        yield f"{site.url}/post"


@pytest.fixture
def site(shared_url: str) -> Iterator[pingback.Site]:
    with pingback.Site(
        SITE, store=shared_url, check_targets=False, allow_networks="127.0.0.0/8", trusted_proxies="127.0.0.1"
    ) as site:
        site.set_password("correct horse")
        yield site


def status_of(
    site: pingback.Site, method: str, path: str, *, form: Mapping[str, str] | None = None, query: str = "", **more: str
) -> int:
    said: list[str] = []
    body = urlencode(form or {}).encode()
    environ: dict[str, object] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_HOST": "my.example",
        "HTTP_ORIGIN": SITE,
        "CONTENT_TYPE": FORM,
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": BytesIO(body),
    } | more
    setup_testing_defaults(environ)

    def start_response(status: str, headers: object, error: object = None) -> type[int]:
        said.append(status)
        return int

    b"".join(site.wsgi()(environ, start_response))
    return int(said[0].split()[0])


def test_what_a_page_says(site: pingback.Site, source: str) -> None:
    site.receive(source, TARGET)
    [mention] = site.store.mentions.list()
    assert mention.title == "a\ufffdb"
    assert mention.author is not None
    assert "\0" not in f"{mention.author.name}{mention.author.url}{mention.url}{mention.excerpt}{mention.published_as}"


@pytest.mark.parametrize(
    ("path", "form"),
    [
        pytest.param("/webmention", {"source": "{source}?" + NUL, "target": TARGET}, id="source"),
        pytest.param("/webmention", {"source": "{source}", "target": TARGET + NUL}, id="target"),
        pytest.param("/trackback/5", {"url": "{source}?" + NUL}, id="trackback-url"),
        pytest.param(
            "/trackback/5", {"url": "{source}", "title": NUL, "excerpt": NUL, "blog_name": NUL}, id="trackback-words"
        ),
        pytest.param(f"/trackback/5{NUL}", {"url": "{source}"}, id="trackback-target"),
        pytest.param("/inbox/login", {"password": NUL}, id="password"),
        pytest.param("/publish", {"url": f"{TARGET}{NUL}"}, id="publish"),
        pytest.param("/publish", {"feed": f"{TARGET}{NUL}"}, id="publish-a-feed"),
    ],
)
def test_what_a_message_says(site: pingback.Site, source: str, path: str, form: Mapping[str, str]) -> None:
    filled = {name: value.replace("{source}", source) for name, value in form.items()}
    authorization = f"Bearer {site.store.secrets.new_token(now=now())}"
    assert status_of(site, "POST", path, form=filled, HTTP_AUTHORIZATION=authorization) < 500
    site.run_due()
    assert all("\0" not in f"{mention.source}{mention.target}" for mention in site.store.mentions.list())


@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_FOR", "HTTP_COOKIE", "HTTP_AUTHORIZATION", "HTTP_USER_AGENT"])
@pytest.mark.parametrize("path", ["/webmention", "/inbox/login", "/publish"])
def test_what_a_head_says(site: pingback.Site, source: str, header: str, path: str) -> None:
    form = {"source": source, "target": TARGET, "password": "x", "url": TARGET}
    value = {
        "HTTP_COOKIE": f"pingback_inbox={NUL}; pingback_device={NUL}",
        "HTTP_AUTHORIZATION": f"Bearer pingback_{NUL}",
    }
    assert status_of(site, "POST", path, form=form, **{header: value.get(header, NUL)}) < 500


@pytest.mark.parametrize(
    ("path", "query"),
    [
        *((f"/api/{name}", {"target": TARGET + NUL}) for name in ("mentions.jf2", "mentions.atom", "count")),
        *(("/api/mentions.json", {name: NUL}) for name in ("domain", "wm-property", "since", "since_id", "page")),
        ("/api/mentions.json", {"domain": "my.example", "since_id": str(2**63)}),
        ("/api/mentions.json", {"domain": "my.example", "since_id": str(2**64)}),
        ("/api/deletions", {"since": NUL}),
        ("/mentions", {"target": TARGET + NUL}),
        (f"/trackback/5{NUL}", {"__mode": "rss"}),
        (f"/webmention/{NUL}", {}),
        (f"/publish/{NUL}", {}),
    ],
)
def test_what_is_asked_for(site: pingback.Site, path: str, query: Mapping[str, str]) -> None:
    assert status_of(site, "GET", path, query=urlencode(query)) < 500
