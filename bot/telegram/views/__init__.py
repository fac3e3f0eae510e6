"""Views: domain values to screens; pure, so that what a person reads can be tested."""
