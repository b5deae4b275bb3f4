"""Work that waits is a row (`pingback.store.jobs`): who does it, when, and how often a host may be asked."""
