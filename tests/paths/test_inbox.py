"""The owner's way: set a password, start the server, log in, decide; each step a program of its own."""

import re
import subprocess
import sys
import xmlrpc.client
from pathlib import Path

import requests

from tests.loopback import Site, page
from tests.paths.programs import PATIENCE, Serving, pingback

_TOKEN = re.compile(r'name="token" value="([^"]+)"')


def test_from_the_password_to_a_decision(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pingback", "passwd"]
    done = subprocess.run(
        command, cwd=tmp_path, input="correct horse\n", text=True, capture_output=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout) == (0, "The password is set.\n")

    with Site() as site, Serving(tmp_path, f"{site.url}/blog/") as serving, requests.Session() as browser:
        target = f"{site.url}/blog/5"
        site.pages |= {"/blog/5": page(b"five"), "/6": page(f'<title>Six</title><a href="{target}">5</a>'.encode())}
        with xmlrpc.client.ServerProxy(serving.endpoint) as endpoint:
            endpoint.pingback.ping(f"{site.url}/6", target)

        inbox = f"{serving.root}/inbox"
        assert "Six" not in browser.get(inbox).text
        assert browser.post(f"{inbox}/login", {"password": "correct house"}).status_code == 403
        browser.post(f"{inbox}/login", {"password": "correct horse"})
        shown = browser.get(f"{inbox}?tab=all").text
        assert "Six" in shown
        token = _TOKEN.findall(shown)[0]
        [kept] = pingback(tmp_path, "mentions").printed
        browser.post(f"{inbox}/decide", {"token": token, "one": f"delete {kept['id']}"})
        [decided] = pingback(tmp_path, "mentions").printed
        assert (decided["id"], decided["status"]) == (kept["id"], "deleted")
        browser.post(f"{inbox}/logout", {"token": token})
        assert "Six" not in browser.get(f"{inbox}?tab=all").text
        assert serving.stop() == 0
    assert "correct" not in serving.log
    assert f"the inbox is at {inbox}\n" in serving.log
    assert "no password is set" not in serving.log
