"""What axe, the checker of accessibility, finds wrong with a page."""

from playwright.sync_api import Page

from tests.browser.install import npm_package

# WCAG 2.2 A and AA, and what axe calls best practices.
_RUN = """async () => (await axe.run()).violations.map(
    found => `${found.id}: ${found.help}: ${found.nodes.map(node => node.html).join(' | ')}`
)"""


def violations(page: Page) -> list[str]:
    """A sentence for each rule that the page breaks as it is now; empty is good."""
    page.evaluate((npm_package("axe-core") / "axe.min.js").read_text())
    found: list[str] = page.evaluate(_RUN)
    return found
