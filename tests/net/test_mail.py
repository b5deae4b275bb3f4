"""`pingback.net.mail`: a mail to the owner, and why there is none."""

import pytest

from pingback.errors import MailError
from pingback.net.mail import Mailer
from tests.loopback import free_port
from tests.smtp import MailServer

ME = "me@my.example"


def test_a_mail() -> None:
    with MailServer() as server:
        Mailer(server.url).send(ME, subject="2 new mentions", text="Zwölf Schläge\n.\nand a dot\n")
    [mail] = server.mails
    assert (mail["From"], mail["To"], mail["Subject"]) == (ME, ME, "2 new mentions")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@my.example>")
    assert mail["Date"].datetime.tzinfo is not None
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content() == "Zwölf Schläge\n.\nand a dot\n"
    assert server.logins == []


def test_a_password() -> None:
    with MailServer() as server:
        Mailer(f"smtp://ann:a%40b@{server.authority}").send(ME, subject="x", text="y")
    assert server.logins == ["\0ann\0a@b"]
    assert len(server.mails) == 1


def test_a_password_goes_nowhere_in_the_clear() -> None:
    """The same server by a name that the mailer does not know for this machine."""
    with MailServer() as server:
        port = server.authority.partition(":")[2]
        with pytest.raises(MailError, match="it offers no TLS, and the password is not sent without"):
            Mailer(f"smtp://ann:secret@127.1:{port}").send(ME, subject="x", text="y")
    assert (server.logins, server.mails) == ([], [])


@pytest.mark.parametrize("verb", ["", "MAIL", "RCPT", "DATA"])
def test_a_server_that_takes_no_mail(verb: str) -> None:
    with MailServer(refuses=frozenset({verb})) as server, pytest.raises(MailError, match="takes no mail"):
        Mailer(server.url).send(ME, subject="x", text="y")
    assert server.mails == []


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_no_server(scheme: str) -> None:
    with pytest.raises(MailError, match=r"the mail server 127\.0\.0\.1 takes no mail"):
        Mailer(f"{scheme}://ann:secret@127.0.0.1:{free_port()}").send(ME, subject="x", text="y")


def test_tls_that_is_none() -> None:
    with MailServer() as server, pytest.raises(MailError):
        Mailer(f"smtps://{server.authority}").send(ME, subject="x", text="y")
    assert server.mails == []


@pytest.mark.parametrize(
    "url",
    [
        *("localhost", "http://localhost", "smtp://", "smtp://host:99999", "smtp://host/path", "smtp://[::1", "smtp:x"),
        *("smtp://me:s3cret#1@host", "smtp://me:[s3cret@host", "smtp://me:s3cret/1@host", "smtp://me@host:s3cret"),
    ],
)
def test_urls_that_are_no_mail_server(url: str) -> None:
    with pytest.raises(ValueError, match=r"^the mail server must be smtp://HOST or smtps://HOST") as refused:
        Mailer(url)
    assert "s3cret" not in str(refused.value)
