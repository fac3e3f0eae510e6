"""Calendars: the exchange's own, and the shipped history's."""
