"""What a check-up of a site gives: a list of checks, each with a sentence that a person can act on."""

from dataclasses import dataclass

from pingback.protocols.linkback import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckUp:
    """All that was looked at for the page at `url`, in the order in which a sender would meet it."""

    url: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    def as_json(self) -> dict[str, object]:
        return {"url": self.url, "checks": [check.as_json() for check in self.checks]}
