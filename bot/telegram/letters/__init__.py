"""Letters: what an outbox item says, rendered from what is true when it is sent, not when it was written."""
