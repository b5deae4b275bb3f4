"""Who wrote a post, on pages as widespread programs and themes write them."""

import pytest

from pingback.model import Author
from tests.page.test_authors import (
    BYLINE,
    CLASSIC,
    COMMENT,
    LINK,
    SITE,
    URL,
    WORDS,
    at_site,
    entry,
    hentry,
    json_ld,
    who,
)


@pytest.mark.parametrize(
    ("markup", "author"),
    [
        pytest.param(hentry(BYLINE) + COMMENT % "", Author(name="Ann", url="/author/ann/"), id="wordpress-2017"),
        pytest.param(hentry() + f'<div id="comments">{COMMENT % ""}</div>', None, id="wordpress-without-a-byline"),
        pytest.param(hentry("", CLASSIC + COMMENT % ""), None, id="wordpress-comments-in-the-entry"),
        pytest.param(
            hentry() + '<aside class="widget vcard"><b class="fn">Somebody</b></aside>',
            None,
            id="wordpress-a-card-in-a-widget",
        ),
        pytest.param(
            hentry(
                "",
                CLASSIC + '<footer class="entry-footer"><div class="posted-by"><span class="posted-on">Published <time '
                'class="published" datetime="2024-05-05">May 5, 2024</time></span><span class="byline">By '
                '<a href="/author/ann/" rel="author">Ann</a></span></div><div class="post-taxonomies">Categorized as '
                '<a href="/c/x/" rel="category tag">X</a></div></footer><div class="author-bio"><h2>By Ann</h2>'
                '<p>She writes.</p><a class="author-link" href="/author/ann/" rel="author">View all of Ann’s posts.</a>'
                "</div>",
            ),
            Author(name="Ann", url="/author/ann/"),
            id="wordpress-2021",
        ),
        pytest.param(
            hentry(
                '<span class="post-author vcard">By <b class="fn"><a rel="author" href="/author/ann/">Ann</a>'
                "</b></span>"
            ),
            Author(name="Ann", url="/author/ann/"),
            id="blogger",
        ),
        pytest.param(
            hentry("", CLASSIC.replace("</div>", '<p class="author-box vcard"><b class="fn">Ann</b></p></div>')),
            Author(name="Ann"),
            id="a-box-about-the-author",
        ),
        pytest.param(
            hentry('<address class="author"><a href="/ann">Ann</a></address>'),
            Author(name="Ann", url="/ann"),
            id="an-author-that-is-no-card",
        ),
        pytest.param(
            json_ld(
                {
                    "@context": "https://schema.org",
                    "@graph": [
                        {
                            "@type": "Article",
                            "@id": f"{URL}#article",
                            "author": {"name": "Ann", "@id": f"{SITE}/#/person/1"},
                        },
                        {"@type": "WebPage", "@id": URL, "url": URL},
                        {"@type": "Person", "@id": f"{SITE}/#/person/1", "name": "Ann", "url": f"{SITE}/author/ann/"},
                    ],
                }
            )
            + f'<main><h1 class="wp-block-post-title">Hello</h1><div class="entry-content '
            f'wp-block-post-content"><p>{LINK}</p>'
            + '</div></main><ol class="wp-block-comment-template"><li class="comment"><div '
            'class="wp-block-comment-author-name">'
            + '<a rel="external nofollow ugc" href="https://carl.example/">Carl</a></div></li></ol>',
            Author(name="Ann", url="/author/ann/"),
            id="wordpress-of-blocks-with-yoast",
        ),
        pytest.param(
            '<h1 class="wp-block-post-title">Hello</h1><p>Written by</p><div class="wp-block-post-author-name"><a '
            'href="/author/ann/" class="wp-block-post-author-name__link">Ann</a></div><div class="entry-content '
            f'wp-block-post-content"><p>{LINK}</p></div><ul class="wp-block-post-template"><li class="wp-block-post '
            'post-4 hentry"><div class="wp-block-post-author-name">Bob</div></li></ul>',
            Author(name="Ann", url="/author/ann/"),
            id="wordpress-of-blocks",
        ),
        pytest.param(
            '<ul class="wp-block-post-template"><li class="wp-block-post post-4 hentry"><div '
            'class="wp-block-post-author"><p class="wp-block-post-author__byline">By</p><p '
            f'class="wp-block-post-author__name">Ann</p></div><p>Four</p>{LINK}</li><li class="wp-block-post post-3 '
            'hentry"><p class="wp-block-post-author__name">Bob</p></li></ul>',
            Author(name="Ann"),
            id="wordpress-of-blocks-a-list",
        ),
        pytest.param(
            f'<div class="wp-block-post-content"><p>{LINK}</p></div><ul><li class="wp-block-post post-4 hentry">'
            '<div class="wp-block-post-author-name">Bob</div></li></ul>',
            None,
            id="wordpress-of-blocks-more-posts",
        ),
        pytest.param(
            json_ld(
                {
                    "@type": "Article",
                    "publisher": {"@type": "Organization", "name": "They"},
                    "author": {"@type": "Person", "name": "Ann", "url": f"{SITE}/author/ann/", "sameAs": []},
                    "url": URL,
                    "mainEntityOfPage": {"@type": "WebPage", "@id": f"{SITE}/"},
                }
            )
            + '<meta name="author" content="They"><meta property="article:author" content="https://silo.example/they">'
            + f'<main><article class="article post"><h1>Hello</h1><p>{LINK}</p></article></main>',
            Author(name="Ann", url="/author/ann/"),
            id="ghost",
        ),
        pytest.param(
            f'<meta name="author" content="Ann"><main><article><h1>Hello</h1><p>{LINK}</p></article></main>',
            Author(name="Ann"),
            id="hugo",
        ),
        pytest.param(
            '<article class="post h-entry" itemscope itemtype="http://schema.org/BlogPosting"><header><h1 '
            'class="p-name">Hello</h1>'
            '<p><time class="dt-published" datetime="2024-05-05">May 5</time> • <span itemprop="author"><span '
            'class="p-author h-card">'
            f'Ann</span></span></p></header>{WORDS}<a class="u-url" href="/2024/hello/" hidden></a></article>'
            '<footer class="site-footer h-card"><data class="u-url" href="/"></data><p class="p-name">They</p>'
            '<a class="u-email" href="mailto:x@they.example">x@they.example</a></footer>',
            Author(name="Ann"),
            id="jekyll-minima",
        ),
        pytest.param(
            entry(f'<a class="u-url" href="{URL}"></a>')
            + '<footer class="site-footer h-card"><data class="u-url" value="/"></data>'
            '<p class="p-name">Ann Author</p><p>I write.</p></footer>',
            Author(name="Ann Author", url="/"),
            id="jekyll-minima-without-authors",
        ),
        pytest.param(
            '<header class="masthead h-card"><a class="u-url" rel="me author" href="/"><img class="u-photo" '
            'alt="" src="/a.png">'
            f'<b class="p-name">Ann</b></a></header>{entry()}',
            Author(name="Ann", url="/", photo="/a.png"),
            id="micro-blog",
        ),
        pytest.param(
            entry(
                '<div class="p-author author h-card vcard"><a href="/profile/ann" class="u-url icon-container">'
                '<img class="u-photo" src="/a.png" alt=""></a><a class="p-name fn u-url url" '
                'href="/profile/ann">Ann</a></div>'
            ),
            Author(name="Ann", url="/profile/ann", photo="/a.png"),
            id="known",
        ),
        pytest.param(
            '<div class="entry h-entry"><div class="p-author h-card"><a class="detailed-status__display-name '
            'u-url" href="/@ann">'
            '<img class="u-photo" src="/a.png" alt=""><span class="display-name"><strong class="p-name">Ann</strong>'
            f"<span>@ann@they.example</span></span></a></div>{WORDS}</div>",
            Author(name="Ann", url="/@ann", photo="/a.png"),
            id="mastodon",
        ),
        pytest.param(
            entry(
                '<span class="p-uid">tag:silo.example,2024:1</span><span class="p-author h-card"><data '
                'class="p-uid" value="1"></data>'
                '<a class="p-name u-url" href="https://silo.example/ann">Ann</a><a class="u-url" '
                'href="https://ann.example/"></a>'
                '<span class="p-nickname">ann</span><img class="u-photo" src="https://silo.example/a.png" '
                'alt=""></span>'
            ),
            Author(name="Ann", url="https://silo.example/ann", photo="https://silo.example/a.png"),
            id="bridgy",
        ),
        pytest.param(
            '<div class="h-feed"><div class="p-author h-card" hidden><a class="u-url u-uid" rel="me" '
            'href="/">Ann</a></div>'
            f'<article class="h-entry">{WORDS}<data class="u-author" value="{SITE}/"></data></article></div>',
            Author(name="Ann", url="/"),
            id="indiekit",
        ),
        pytest.param(
            '<div class="item-page" itemscope itemtype="https://schema.org/Article"><h1 itemprop="headline">'
            "Hello</h1><dl>"
            '<dd class="createdby" itemprop="author" itemscope itemtype="https://schema.org/Person">Written by: '
            f'<span itemprop="name">Ann</span></dd></dl><div itemprop="articleBody"><p>{LINK}</p></div></div>',
            Author(name="Ann"),
            id="joomla",
        ),
        pytest.param(
            '<main itemscope itemtype="http://schema.org/Blog"><article itemprop="blogPost" itemscope '
            'itemtype="http://schema.org/BlogPosting"><h1 itemprop="headline">Hello</h1><img '
            'itemprop="image" src="/a.png">'
            '<div itemprop="author" itemscope itemtype="https://schema.org/Person"><a href="/ann" itemprop="url">'
            f'<span itemprop="name">Ann</span></a><small itemprop="description">Editor</small></div><p>{LINK}</p>'
            "</article></main>",
            Author(name="Ann", url="/ann"),
            id="docusaurus-2",
        ),
        pytest.param(
            '<main><span itemprop="author"><a rel="author" href="/ann">ann</a></span> / <strong itemprop="name"><a '
            f'href="/ann/repo">repo</a></strong><article class="entry-content"><p>{LINK}</p></article></main>',
            Author(name="ann", url="/ann"),
            id="github",
        ),
        pytest.param(
            hentry(
                "",
                CLASSIC.replace(
                    "</div>",
                    '<div itemtype="http://schema.org/Person" itemscope itemprop="author"><img src="/a.png" '
                    'itemprop="image" alt="Ann"><a href="/author/ann/" class="vcard author" rel="author"><b '
                    'class="fn">Ann</b></a></div></div>',
                ),
            ),
            Author(name="Ann", url="/author/ann/"),
            id="wordpress-with-a-box-about-the-author",
        ),
    ],
)
def test_of_pages_as_programs_write_them(markup: str, author: Author | None) -> None:
    assert who(markup) == at_site(author)
