"""Sites as their generators build them, lists of all kinds included: only posts speak, each once, by its address."""

from pathlib import Path

import pytest

from pingback.page.about import read_mention
from pingback.page.entry import PageKind, read_post
from pingback.posts.site import pages_of
from tests.built.hosts import HOSTS
from tests.built.site import Built

# Its theme says the date in words alone.
_UNDATED = frozenset({"ablog"})

# Its lists name the author of the site, and not those of the posts.
_OF_ONE_AUTHOR = frozenset({"jekyll"})


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


def test_ten_posts_and_what_becomes_of_them(built: Built, tmp_path: Path) -> None:
    folder, letters = built.copy(tmp_path / "blog"), list(built.letters)
    built.deploy(built.first)
    site = ("--site", str(built.first), "--base-url", built.base)
    assert built.publish(tmp_path, *site) == built.told(letters[:10])
    assert built.publish(tmp_path, *site) == []

    def deployed() -> list[tuple[str, str]]:
        public = built.host.make(folder)
        built.deploy(public)
        return built.publish(tmp_path, "--site", str(public), "--base-url", built.base)

    built.host.write(folder, letters[10:])
    assert deployed() == built.told(letters[10:]), "one was added"
    built.host.write(folder, [letters[4].edited()])
    assert deployed() == built.told([letters[4]]), "one was edited"
    built.host.delete(folder, letters[6])
    assert deployed() == built.told([letters[6]]), "one was deleted"


def test_the_older_ones_are_taken_as_told_until_they_are_wanted(built: Built, tmp_path: Path) -> None:
    built.deploy(built.first)
    site = ("--site", str(built.first), "--base-url", built.base)
    since = f"{built.letters[5].date:%Y-%m-%d}"
    older, newer = built.letters[:5], built.letters[5:10]
    if built.host.name in _UNDATED:
        older, newer = [], built.letters[:10]
    assert built.publish(tmp_path, *site, "--since", since) == built.told(newer)
    assert built.publish(tmp_path, *site) == []
    assert built.publish(tmp_path, *site, "--backfill") == built.told(older)


@pytest.mark.parametrize("built", [host.name for host in HOSTS if host.sitemap is not None], indirect=True)
def test_its_sitemap_says_the_same(built: Built, tmp_path: Path) -> None:
    built.deploy(built.first)
    heard = built.publish(tmp_path, "--sitemap", f"{built.base}{built.host.sitemap}")
    assert heard == built.told(built.letters[:10])


def test_wherever_a_letter_is_read_it_keeps_its_author_date_and_address(built: Built) -> None:
    read, wrong = 0, []
    for page in pages_of(built.first, base_url=built.base):
        markup = page.path.read_bytes()
        for letter in built.letters[:10]:
            mention = read_mention(
                markup, source=page.url, target=letter.target, url=page.url, content_type="text/html; charset=utf-8"
            )
            if not mention.linked:
                continue
            read += 1
            # On lists, themes leave out what they like.
            is_list = page.url != built.url(letter)
            told = (
                mention.permalink or built.url(letter),
                mention.published.date() if mention.published else letter.date.date(),
                mention.author.name
                if mention.author and mention.author.name and not (is_list and built.host.name in _OF_ONE_AUTHOR)
                else letter.author,
            )
            if told != (built.url(letter), letter.date.date(), letter.author):
                wrong.append((page.url, letter.number, told))
    assert (read >= 10, wrong) == (True, [])
