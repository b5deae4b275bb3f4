"""What the command `dramatiq pingback.jobs.dramatiq` runs: workers of the site that the settings name.

As `pingback.__main__` it is imported by nobody else, and reads the environment and `pingback.toml` at once.
"""

from dramatiq import set_broker

from pingback.site import Site

set_broker(Site.from_settings().broker())
