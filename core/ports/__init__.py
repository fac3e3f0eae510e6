"""Ports: what the core needs from the outside world, in the core's own words."""
