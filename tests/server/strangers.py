"""Mentions whose words strangers chose, one of them with nothing good in mind."""

from dataclasses import replace
from datetime import UTC, datetime

from pingback.model import Author, Content, Mention, MentionKind, MentionStatus, Protocol, Rsvp

TARGET = "https://my.example/part-5"

PLAIN = Mention(
    source="https://a.example/post",
    target=TARGET,
    protocol=Protocol.PINGBACK,
    status=MentionStatus.APPROVED,
    title="A post | Ann’s site",
    excerpt="As said in part five, it is so.",
    site_name="Ann’s site",
    author=Author(name="Ann", url="https://a.example/", photo="https://a.example/ann.png"),
    published=datetime(2026, 1, 1, 8, tzinfo=UTC),
    received=datetime(2026, 1, 2, 12, tzinfo=UTC),
    verified=datetime(2026, 1, 2, 12, 0, 1, tzinfo=UTC),
)

LIKE = Mention(
    source="https://b.example/like",
    target=TARGET,
    protocol=Protocol.WEBMENTION,
    status=MentionStatus.APPROVED,
    kind=MentionKind.LIKE,
    author=Author(name="Bob", url="https://b.example/"),
    received=datetime(2026, 1, 2, 13, tzinfo=UTC),
)

REPLY = Mention(
    source="https://d.example/reply",
    target=TARGET,
    protocol=Protocol.WEBMENTION,
    status=MentionStatus.APPROVED,
    kind=MentionKind.REPLY,
    permalink="https://d.example/notes/7",
    excerpt="I do not think so. See my post.",
    content=Content(
        text="I do not think so.\n\nSee my post.",
        html='<p>I do <em>not</em> think so.</p><p>See <a href="https://d.example/q">my post</a>.</p>',
    ),
    author=Author(name="Dee", url="https://d.example/"),
    published=datetime(2026, 1, 3, 4, 30, tzinfo=UTC),
    published_as="2026-01-02T23:30-05:00",
    received=datetime(2026, 1, 3, 5, tzinfo=UTC),
)

RSVP = Mention(
    source="https://e.example/rsvp",
    target=TARGET,
    protocol=Protocol.WEBMENTION,
    status=MentionStatus.APPROVED,
    kind=MentionKind.RSVP,
    rsvp=Rsvp.MAYBE,
    author=Author(name="Eve of the Moor", url="https://e.example/"),
    received=datetime(2026, 1, 3, 6, tzinfo=UTC),
)

# What each of it would do where it is believed: markup that runs a script, the end of whatever holds it, an address
# that is a script, letters that no XML can hold, an override that turns around what follows, and a megabyte.
MARKUP = (
    '</script></style></title>--></bdi></a>"\'><img src=x onerror="alert(1)"><script>alert(2)</script>&lt;{{7*7}}]]>'
)
ODD = "a\0\x01\x1b[31m\ud800\ufffe\u202egpj.exe\u2066\u2028\r\nSet-Cookie: x=1"
LONG = "<b>" * 350_000
SCRIPT = "javascript:alert(3)//https://c.example/"

HOSTILE = Mention(
    source='https://c.example/"\'><img src=x onerror=alert(4)>\u202e?b="><script>alert(5)</script>#"onclick=alert(6)',
    target=TARGET + "?\"><script>alert(7)</script>#'",
    protocol=Protocol.TRACKBACK,
    status=MentionStatus.APPROVED,
    title=MARKUP + ODD + LONG,
    excerpt=ODD + MARKUP + LONG,
    site_name=MARKUP,
    author=Author(name=ODD + MARKUP, url=SCRIPT, photo=f"{SCRIPT}\"onerror='alert(8)'"),
    permalink=SCRIPT,
    original=f"data:text/html,{MARKUP}",
    content=Content(text=ODD + MARKUP + LONG, html=ODD + MARKUP + LONG),
    published=datetime(1, 1, 1, tzinfo=UTC),
    published_as=MARKUP,
    received=datetime(2026, 1, 2, 14, tzinfo=UTC),
)

# A reply of few enough words that a parser looks at its markup.
HOSTILE_REPLY = replace(
    HOSTILE,
    source="https://c.example/2",
    kind=MentionKind.REPLY,
    permalink="https://c.example/\"onmouseover='alert(9)'",
    original=None,
    content=Content(
        text=ODD + MARKUP,
        html=f'<p class="h-card" id="x" style="color:red" onclick="alert(10)">{ODD}{MARKUP}'
        f'<a href="{SCRIPT}" onmouseover="alert(11)">a</a><svg><script>alert(12)</script></svg>'
        '<iframe srcdoc="<script>parent.alert(13)</script>"></iframe><form action="https://c.example/"><button>b',
    ),
)
