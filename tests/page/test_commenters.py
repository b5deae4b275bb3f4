"""Who wrote a comment that links to us: whoever the comment names, and never who wrote the post above it."""

import pytest

from pingback.model import Author
from pingback.page.authors import author_of
from tests.page.test_authors import BYLINE, CARD, COMMENT, LINK, TARGET, at_site, entry, hentry, page_of, speaker_of

CARL = Author(name="Carl", url="https://carl.example/", photo="/carl.png")


@pytest.mark.parametrize(
    ("comment", "author"),
    [
        pytest.param(COMMENT % LINK, CARL, id="wordpress"),
        pytest.param(
            '<ol class="commentlist"><li class="comment" id="comment-7"><div class="comment-author vcard"><cite '
            'class="fn">'
            f'<a href="https://carl.example/" rel="external nofollow" class="url">Carl</a></cite> says:</div>'
            f"<p>{LINK}</p>"
            '<ul class="children"><li class="comment"><div class="comment-author vcard"><b class="fn">Dora</b>'
            "</div></li></ul></li></ol>",
            Author(name="Carl", url="https://carl.example/"),
            id="classic-with-an-answer",
        ),
        pytest.param(
            f'<ol class="commentlist"><li class="comment" id="comment-7"><p>{LINK}</p><ul class="children"><li '
            f'class="comment">'
            '<div class="comment-author vcard"><b class="fn">Dora</b></div></li></ul></li></ol>',
            None,
            id="never-who-answers-it",
        ),
        pytest.param(
            f'<div class="comment" id="comment-7"><cite class="fn">Carl</cite><p>{LINK}</p></div>',
            Author(name="Carl"),
            id="cite",
        ),
        pytest.param(
            f'<div class="comment" id="comment-7"><p class="comment-author">Carl says:</p><p>{LINK}</p></div>',
            Author(name="Carl"),
            id="plain",
        ),
        pytest.param(
            '<dl><dt class="comment-author"><a href="https://carl.example/" rel="nofollow">Carl</a> said...</dt></dl>'
            f'<div class="comment" id="comment-7"><p>{LINK}</p></div>',
            None,
            id="a-name-outside-the-comment",
        ),
        pytest.param(
            '<li class="comment" id="comment-7"><div class="wp-block-comment-author-name"><a rel="external '
            'nofollow ugc"'
            f' href="https://carl.example/">Carl</a></div><div class="wp-block-comment-content"><p>{LINK}</p>'
            f"</div></li>",
            Author(name="Carl", url="https://carl.example/"),
            id="wordpress-of-blocks",
        ),
        pytest.param(
            '<div class="comment" id="comment-7"><b><a rel="ugc external nofollow" class="url" '
            'href="https://carl.example/">Carl</a>'
            f"</b><p>{LINK}</p></div>",
            Author(name="Carl", url="https://carl.example/"),
            id="a-link-of-strangers",
        ),
        pytest.param(
            f'<div class="comment" id="comment-7"><p><a rel="ugc external nofollow" href="{TARGET}">that</a></p></div>',
            None,
            id="a-link-in-its-words",
        ),
        pytest.param(
            '<li class="pingback" id="comment-7"><div class="comment-body">Pingback:'
            f' <a href="{TARGET}" class="url" rel="external nofollow ugc">Their post</a></div></li>',
            None,
            id="a-title-is-nobody",
        ),
        pytest.param(
            f'<div class="comment" id="comment-7"><blockquote><b class="fn">Bob</b></blockquote><p>{LINK}</p></div>',
            None,
            id="never-whom-it-quotes",
        ),
        pytest.param(f'<div class="comment" id="comment-7"><p>{LINK}</p></div>', None, id="nobody"),
        pytest.param(
            '<div id="post_2" itemprop="comment" itemscope itemtype="http://schema.org/Comment">'
            '<span itemprop="author" itemscope itemtype="http://schema.org/Person"><a itemprop="url" href="/u/carl"><b '
            f'itemprop="name">carl</b></a></span><div itemprop="text"><p>{LINK}</p></div></div>',
            Author(name="carl", url="/u/carl"),
            id="discourse",
        ),
    ],
)
@pytest.mark.parametrize(
    "post", [pytest.param(hentry(BYLINE, "<p>Hello</p>"), id="classic"), pytest.param(entry(CARD, "") + CARD, id="mf2")]
)
def test_of_a_comment_and_never_the_posts(post: str, comment: str, author: Author | None) -> None:
    page = page_of(f'<meta name="author" content="Ann">{post}<section id="comments">{comment}</section>')
    assert author_of(speaker_of(page)) == at_site(author)


@pytest.mark.parametrize("scope", ["itemtype=https://schema.org/Comment", "itemprop=comment"])
def test_of_a_forum_that_marks_its_answers_and_no_more(scope: str) -> None:
    answers = "".join(
        f'<article id="post-{number}" itemscope {scope}>'
        f'<h4 itemprop="author"><a href="/members/{number}">{name}</a></h4>'
        f'<time datetime="2024-06-0{number}">June</time><div>{LINK if name == "Carl" else "No"}</div></article>'
        for number, name in enumerate(("Bea", "Carl", "Dora"), 1)
    )
    speaker = speaker_of(page_of(f'<meta name="author" content="Ann"><time datetime="2024-05-05">May</time>{answers}'))
    assert author_of(speaker) == at_site(Author(name="Carl", url="/members/2"))
    assert speaker.date is not None
    assert speaker.date[1] == "2024-06-02"
    assert not speaker.is_free
