"""Brokers: where accounts are kept and orders are carried out."""
