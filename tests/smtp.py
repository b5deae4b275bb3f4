"""A mail server on a loopback socket that takes one mail after another, as far as a test lets it (RFC 5321).

with MailServer() as server:
    Mailer(server.url).send("me@my.example", subject="Hello", text="…")
assert server.mails[0]["Subject"] == "Hello"
"""

import contextlib
import email
import email.policy
import socket
import threading
from base64 import b64decode
from email.message import EmailMessage
from typing import BinaryIO, Self

_GREETING = b"220 mail.example\r\n"
_ANSWERS = {"DATA": b"354 go on\r\n", "QUIT": b"221 bye\r\n"}


class MailServer:
    """`mails` are those that it took, `logins` what was given as user and password, `said` the commands.

    `refuses` are commands that it answers with 550, among them the greeting, as "".
    """

    def __init__(self, *, refuses: frozenset[str] = frozenset()) -> None:
        self.mails: list[EmailMessage] = []
        self.logins: list[str] = []
        self.said: list[str] = []
        self._refuses = refuses
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.authority = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"smtp://{self.authority}"
        self._thread = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            # A client that wants TLS at once hangs up on us.
            with contextlib.suppress(OSError), connection, connection.makefile("rwb", buffering=0) as stream:
                self._talk(stream)  # type: ignore[arg-type]  # unbuffered, it is a raw stream, which does as well

    def _talk(self, stream: BinaryIO) -> None:
        stream.write(b"550 go away\r\n" if "" in self._refuses else _GREETING)
        while line := stream.readline():
            command = line.decode(errors="replace").strip()
            self.said.append(command)
            verb = command.partition(" ")[0].upper()
            stream.write(self._answer(verb, command))
            if verb == "DATA" and verb not in self._refuses:
                self._take(stream)
            if verb == "QUIT":
                return

    def _answer(self, verb: str, command: str) -> bytes:
        if verb in self._refuses:
            return b"550 no\r\n"
        if verb == "EHLO":
            return b"250-mail.example\r\n250 AUTH PLAIN\r\n"
        if verb == "AUTH":
            self.logins.append(b64decode(command.split()[2]).decode())
            return b"235 welcome\r\n"
        return _ANSWERS.get(verb, b"250 ok\r\n")

    def _take(self, stream: BinaryIO) -> None:
        lines = []
        while (line := stream.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".").replace(b"\r\n", b"\n"))  # RFC 5321 §4.5.2
        mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        stream.write(b"250 taken\r\n")
