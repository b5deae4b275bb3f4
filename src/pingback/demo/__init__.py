"""`pingback demo`: a small blog on loopback, whose posts ping one another for real."""
