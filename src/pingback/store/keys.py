"""The keys of what is kept: SHA-256, as a URL may have thousands of characters, and no index should grow with them."""

from hashlib import sha256

from pingback.urls import is_http, key_of

NOBODY = ""  # the key of an author without an address


def pair_of(source: str, target: str) -> str:
    """The key of a pair: equal for equal URLs (`pingback.urls.key_of`); ValueError where one is not an HTTP URL."""
    return _digest(f"{key_of(source)}\n{key_of(target)}")


def target_key_of(target: str) -> str:
    """The key under which the mentions of a target are found; ValueError when it is not an HTTP URL."""
    return _digest(key_of(target))


def feed_key_of(feed: str) -> str:
    """The key of a feed that is to be read, which no post has; ValueError when it is not an HTTP URL."""
    return _digest(f"feed {key_of(feed)}")


def home_key_of(home: str) -> str:
    """The key under which what came from one home is found, which may be any text."""
    return _digest(home)


def author_key_of(url: str | None) -> str:
    """The key under which what one author wrote is found, by their address; `NOBODY` where it is no HTTP URL."""
    return _digest(key_of(url)) if url is not None and is_http(url) else NOBODY


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()
