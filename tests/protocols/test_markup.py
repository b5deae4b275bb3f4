"""`pingback.protocols.markup`: what counts of an answer, and what only quotes one."""

import pytest

from pingback.protocols.markup import tree_of


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param(b"<x>a</x>", "a", id="an-element"),
        pytest.param(b"<b>Notice</b>: oh\n<X y=1>a & b<p>c", "a & bc", id="what-stands-around-and-never-ends"),
        pytest.param(b"<x>a<!-- b -->c<?php d ?>e</x>", "ace", id="no-comments"),
        pytest.param(b"<x>a\0\x0bb\x1f</x>", "ab", id="no-control-characters"),
        pytest.param(b"<x>a&#27;&#xb;&#xFFFF;&#xfffe;b</x>", "ab", id="nor-as-references"),
        pytest.param("<x>a\uffff\ufffeb</x>".encode(), "ab", id="no-characters-that-are-none"),
        pytest.param(b"<x><![CDATA[<y> & ]]>a</x>", "<y> & a", id="cdata-is-text"),
        pytest.param(b"<b>n</b><?xml version='1.0' encoding='iso-8859-1'?><x>\xe9</x>", "é", id="declared-charset"),
        pytest.param(b"<x>\xe9</x>", "é", id="undeclared-charset"),
        pytest.param(b"<textarea><x>a</x></textarea><x>b</x>", "b", id="raw-text-holds-no-elements"),
    ],
)
def test_the_text_of_an_element(body: bytes, text: str) -> None:
    [element] = tree_of(body).iter("x")
    assert "".join(map(str, element.itertext())) == text


@pytest.mark.parametrize("body", [b"", b"\0", b" \n", b"<", b"<!--", b"<![CDATA[<x>", b"&lt;x>", b"<p title='<x>'>"])
def test_no_element(body: bytes) -> None:
    assert list(tree_of(body).iter("x")) == []
