"""The version of this package: read by the build, shown in the User-Agent and by `pingback --version`."""

VERSION = "0.1.0"
