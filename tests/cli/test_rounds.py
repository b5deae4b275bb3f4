"""`pingback.cli.rounds`: which jobs `serve` and `worker` have, by their settings."""

from collections.abc import Iterator

import pytest

from pingback.cli.rounds import rounds_for
from pingback.net.client import Client
from pingback.receive.receiver import Receiver
from pingback.settings import Settings
from pingback.store import Store
from tests.cli.conftest import Run
from tests.receive.pages import Pages

SITE = ("https://my.example/",)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Store("sqlite://") as store, Receiver(site=SITE, store=store, client=Pages()) as receiver:
        yield receiver


@pytest.mark.parametrize(
    ("settings", "jobs"),
    [
        pytest.param(Settings(site=SITE), ["verify old mentions anew"], id="by-default"),
        pytest.param(Settings(site=SITE, reverify_after_days=0.0), [], id="none"),
        pytest.param(
            Settings(site=SITE, reverify_after_days=0.0, notify_mail="me@my.example"),
            ["tell the owner of new mentions"],
            id="mail",
        ),
        pytest.param(
            Settings(site=SITE, notify_webhook="https://my.example/hook"),
            ["verify old mentions anew", "tell the owner of new mentions"],
            id="webhook",
        ),
    ],
)
def test_jobs_by_setting(receiver: Receiver, settings: Settings, jobs: list[str]) -> None:
    with Client() as client:
        assert [job.name for job in rounds_for(settings, receiver, client).jobs] == jobs


@pytest.mark.parametrize("url", ["localhost", "http://localhost", "smtp://host:port"])
def test_a_mail_server_that_is_none(run: Run, url: str) -> None:
    done = run("serve", "--site", *SITE, "--notify-mail", "me@my.example", environ={"PINGBACK_SMTP_URL": url})
    assert (done.code, done.out) == (2, "")
    assert "smtp_url: " in done.err
