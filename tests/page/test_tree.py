"""A page as a tree: its ranges, what is chrome of it, whose properties are whose, and where reading it ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pingback.page.nodes import MAX_ELEMENTS, MAX_SCRIPT
from pingback.page.tree import Page

URL = "https://my.example/six"
PIECES = (
    "<p>a<b>b</p>c</b></i><ul><li>d<li>e</ul><table>f<td>g<script>x</script><template><p>y</template><svg><title>h</title>"
    "</svg><a href=/>i<a href=/j>j<main class=h-entry><form><div class='e-content u-url'>k</main></html>l\0<br>m"
)


def tree(page: str) -> Page:
    return Page([page.encode("utf-8", "replace")], url=URL, charset="utf-8")


@given(st.lists(st.sampled_from([f"<{piece}" for piece in PIECES.split("<")]) | st.text(max_size=4), max_size=40))
def test_each_node_is_within_its_parent(pieces: list[str]) -> None:
    page = tree("".join(pieces))
    assert page.nodes[0] is page.root
    assert (page.root.stop, page.root.text_stop) == (len(page.nodes), len(page.texts))
    for place, node in enumerate(page.nodes[1:], 1):
        parent = node.parent
        assert parent is not None
        assert parent.index < node.index == place < node.stop <= parent.stop
        assert parent.text <= node.text <= node.text_stop <= parent.text_stop
        assert page.prose(node) <= page.said(node.text, node.text_stop) <= page.all_said(node)
    assert sorted(page.blocks) == page.blocks


@pytest.mark.parametrize(
    ("page", "prose"),
    [
        pytest.param("<p> four \n five ", 9, id="white-space-is-folded"),
        pytest.param("<p>four <a href=/>five</a> <a>six</a>", 7, id="links-are-no-prose"),
        pytest.param("<title>four</title><p>five", 4, id="nor-is-the-title"),
        pytest.param("<script>a</script><style>b</style><textarea>c</textarea><template>d</template>five", 4, id="raw"),
        pytest.param(
            "<nav>1</nav><aside>2</aside><footer>3</footer><header>4</header><form>5</form>five", 4, id="tags"
        ),
        pytest.param("<article><header>four</header></article>", 4, id="an-entry-s-header"),
        pytest.param("<blockquote>four<footer>five</footer></blockquote>", 8, id="a-quotation-s-footer"),
        pytest.param("<form>four<main>five</main></form>", 8, id="a-form-around-the-page"),
        pytest.param(
            "".join(
                f"<p role={name}>x</p>" for name in ("navigation", "complementary", "ContentInfo", "banner", "search")
            )
            + "five",
            4,
            id="roles",
        ),
        pytest.param(
            "<p hidden>1</p><p aria-hidden=true>2</p><p style='top:0;display : none'>3</p><p aria-hidden=no>five",
            4,
            id="hidden",
        ),
        pytest.param("<body class=comments><p class='x comment-list'>1</p><p id=comments>2</p>five", 4, id="comments"),
    ],
)
def test_prose_is_outside_links_and_chrome(page: str, prose: int) -> None:
    found = tree(page)
    assert found.prose(found.root) == prose


def test_properties_belong_to_the_nearest_item() -> None:
    page = tree(
        "<div class=h-entry id=a><p class='u-in-reply-to h-cite' id=b><a class=u-url href=/1>1</a></p>"
        "<p class=h-7><a class=u-url href=/2>2</a></p></div><a class=u-url href=/3>3</a>"
    )
    said = {
        item.node.attributes["id"]: {name: [node.index for node in nodes] for name, nodes in item.properties.items()}
        for item in page.items
    }
    first, second, _ = (node.index for node in page.links)
    assert said == {"a": {"u-in-reply-to": [first - 1], "u-url": [second]}, "b": {"u-url": [first]}}
    assert [item.parent is page.items[0] for item in page.items] == [False, True]


def test_where_a_page_ends_that_has_no_end() -> None:
    page = tree("<article>" + "<i>x</i>" * (MAX_ELEMENTS * 2))
    assert MAX_ELEMENTS < len(page.nodes) < MAX_ELEMENTS * 1.1
    assert len(tree("\0" * 100_000).texts) < 1000
    script = f'<script type="application/ld+json">{{"@type":"Article","x":"{"y" * MAX_SCRIPT}"}}</script>'
    assert tree(script).json_ld == []


def test_references_against_a_long_base_are_not_all_resolved() -> None:
    page = tree(f'<base href="/{"a" * 8000}/">' + "".join(f"<a href={number}>" for number in range(3000)))
    known = [page.target(link.attributes["href"]) for link in page.links]
    assert known[0] is not None
    assert known[-1] is None
    assert len(page.unread) == known.count(None) < 3000


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        pytest.param("Part one<br>The Start", "Part one The Start", id="line-break"),
        pytest.param("<div>Part</div><div>one</div>", "Part one", id="blocks"),
        pytest.param("<b>Pa</b>rt <i>one</i>", "Part one", id="inline"),
        pytest.param("<table><td>a<td>b</table>", "a b", id="cells"),
    ],
)
def test_markup_that_breaks_the_line_parts_words(markup: str, text: str) -> None:
    page = tree(f"<section>{markup}</section>")
    assert page.text(next(node for node in page.nodes if node.tag == "section")) == text
