"""`pingback.receive.existence`: what the site itself says of a target."""

import pytest

from pingback.errors import Blocked, FetchError, Unreachable
from pingback.receive.existence import MAX_REMEMBERED, SiteTargets
from tests.receive.pages import Page, Pages

TARGET = "https://my.example/part-5"


class Seconds:
    passed = 1000.0

    def __call__(self) -> float:
        return self.passed


@pytest.mark.parametrize(
    ("answer", "exists"),
    [
        pytest.param(Page(status=200), True, id="200"),
        pytest.param(Page(status=404), False, id="404"),
        pytest.param(Page(status=410), False, id="410"),
        pytest.param(Page(status=403), True, id="403-only-not-shown-to-us"),
        pytest.param(Page(status=500), True, id="500-not-certain"),
        pytest.param(Unreachable(TARGET, "refused"), True, id="unreachable-not-certain"),
        pytest.param(Blocked(TARGET, "127.0.0.1 is loopback"), True, id="blocked-site-on-loopback"),
    ],
)
def test_only_404_and_410_are_certain(answer: Page | FetchError, exists: bool) -> None:
    assert SiteTargets(Pages({TARGET: answer}))(TARGET) is exists


def test_an_answer_is_remembered_for_a_while() -> None:
    pages, clock = Pages({TARGET: Page(status=404)}), Seconds()
    exists = SiteTargets(pages, remembered_for=300.0, clock=clock)
    assert not exists(TARGET)
    pages.web[TARGET] = Page()
    clock.passed += 299
    assert not exists(TARGET + "#fragment")
    assert len(pages.asked) == 1
    clock.passed += 1
    assert exists(TARGET)
    assert len(pages.asked) == 2


def test_strangers_cannot_make_it_remember_without_end() -> None:
    pages = Pages({})
    exists = SiteTargets(pages, clock=Seconds())
    for number in range(MAX_REMEMBERED + 1):
        exists(f"{TARGET}?{number}")
    exists(f"{TARGET}?{MAX_REMEMBERED}")
    exists(f"{TARGET}?1")
    assert len(pages.asked) == MAX_REMEMBERED + 1
    exists(f"{TARGET}?0")  # the oldest was forgotten
    assert len(pages.asked) == MAX_REMEMBERED + 2


def test_a_target_that_is_no_url_is_a_callers_mistake() -> None:
    with pytest.raises(ValueError, match="URL"):
        SiteTargets(Pages({}))("/part-5")
