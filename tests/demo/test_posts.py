"""`pingback.demo.posts`: a series that shows what titles can hold."""

from pingback.demo.posts import FIVE, SERIES


def test_eight_parts_in_order() -> None:
    assert list(SERIES) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [post.number for post in SERIES.values()] == list(SERIES)
    assert [post.slug for post in SERIES.values()] == [
        f"part-{number}" for number in "one two three four five six seven eight".split()
    ]


def test_each_other_part_links_to_part_five_the_earlier_ones_by_an_update() -> None:
    assert [number for number, post in SERIES.items() if "{five}" in post.words] == [6, 7, 8]
    assert [number for number, post in SERIES.items() if "{five}" in post.update] == [1, 2, 3, 4]
    assert SERIES[FIVE].update == ""


def test_titles_of_every_kind() -> None:
    titles = "".join(post.title for post in SERIES.values())
    for kind in ("“", "”", "&#8217;", "&amp;", "–", "ç", "ö", "十"):
        assert kind in titles
