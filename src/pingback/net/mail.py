"""Mail to the owner, handed to their own mail server (RFC 5321). No stranger has a say in where it goes.

Its text may hold strangers' words: it is plain text, and its header fields are ours.
"""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from urllib.parse import unquote, urlsplit

from pingback.clock import now
from pingback.errors import MailError

TIMEOUT = 15.0  # seconds for each step of the exchange
PORTS = {"smtp": 25, "smtps": 465}

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class Mailer:
    """Sends mail by the server at `url`: `smtp://HOST`, with STARTTLS where it is offered, or `smtps://HOST`; user,
    password and port as in any URL. ValueError where it is none."""

    def __init__(self, url: str, *, ca_bundle: str | None = None) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:  # which may show a piece of the password
            raise _no_server() from None
        if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/") or parts.query:
            raise _no_server()
        self._scheme = parts.scheme
        self._host = parts.hostname
        self._port = port or PORTS[parts.scheme]
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._ca_bundle = ca_bundle

    def send(self, address: str, *, subject: str, text: str) -> None:
        """Send a text from the address to itself. Blocks; raises `MailError`. `subject` is one line."""
        message = EmailMessage()
        message["From"] = message["To"] = address
        message["Subject"] = subject
        message["Date"] = format_datetime(now())
        message["Message-ID"] = make_msgid("pingback", address.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5.1: nobody is to answer that they are away
        message.set_content(text)
        try:
            with self._connected() as server:
                server.send_message(message)
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            raise MailError(f"the mail server {self._host} takes no mail: {error}") from error

    def _connected(self) -> smtplib.SMTP:
        tls = ssl.create_default_context(cafile=self._ca_bundle)
        if self._scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT, context=tls)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT)
        try:
            server.ehlo()
            # What does not leave the machine needs no certificate, and mail servers have none for this name.
            in_the_open = self._scheme == "smtp" and self._host not in _HERE
            if in_the_open and server.has_extn("starttls"):
                server.starttls(context=tls)
                server.ehlo()
            elif in_the_open and self._user:
                raise smtplib.SMTPNotSupportedError("it offers no TLS, and the password is not sent without")
            if self._user:
                server.login(self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server


def _no_server() -> ValueError:
    return ValueError("the mail server must be smtp://HOST or smtps://HOST; write “#” in a password as %23, and so on")
