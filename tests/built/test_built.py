"""Sites as their generators build them, lists of all kinds included: only posts speak, each once, by its address."""

from pingback.page.entry import PageKind, read_post
from pingback.posts.site import pages_of
from tests.built.site import Built

# Its theme says the date in words alone.
_UNDATED = frozenset({"ablog"})


def test_posts_have_their_links_and_no_other_page_has_them(built: Built) -> None:
    said, dates = {}, {}
    for each in pages_of(built.first, base_url=built.base):
        post = read_post(each.path.read_bytes(), url=each.url, content_type="text/html; charset=utf-8")
        foreign = tuple(link.target for link in post.links if not link.target.startswith(built.base))
        # Other pages that are no lists, and short lists of two tags, may speak, but only of the site itself.
        if post.kind is PageKind.POST and foreign:
            said[each.url] = foreign
            dates[each.url] = post.published and post.published.date()
    letters = {built.url(letter): letter for letter in built.letters[:10]}
    assert said == {url: (letter.target,) for url, letter in letters.items()}
    if built.host.name not in _UNDATED:
        assert dates == {url: letter.date.date() for url, letter in letters.items()}
