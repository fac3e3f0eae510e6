"""Kinds: which of Apprise's many services members may use, and which options of an address are refused.

Left out is what acts on the server itself (its desktop, its system log, a serial line) and what has to be installed
there.
"""

from __future__ import annotations

MAIL = frozenset({"mailto", "mailtos"})
WEB = frozenset({"form", "forms", "json", "jsons", "xml", "xmls"})
OWN_SERVERS = frozenset(
    {
        "bark",
        "barks",
        "gotify",
        "gotifys",
        "matrix",
        "matrixs",
        "mmost",
        "mmosts",
        "ntfy",
        "ntfys",
        "rocket",
        "rockets",
        "signal",
        "signals",
        "smseagle",
        "smseagles",
    }
)
"""Services that people run themselves: the address names a host of theirs."""

SERVICES = frozenset(
    {
        "brevo",
        "bulksms",
        "clicksend",
        "d7sms",
        "discord",
        "gchat",
        "ifttt",
        "join",
        "mailgun",
        "msgbird",
        "nexmo",
        "opsgenie",
        "pagerduty",
        "pbul",
        "plivo",
        "postmark",
        "pover",
        "prowl",
        "resend",
        "sendgrid",
        "ses",
        "sinch",
        "slack",
        "smtp2go",
        "sns",
        "sparkpost",
        "spush",
        "threema",
        "twilio",
        "voipms",
        "vonage",
        "webex",
        "whatsapp",
        "wxteams",
        "zulip",
    }
)
"""Companies' services at addresses of their own."""

NAMES_A_HOST = MAIL | WEB | OWN_SERVERS
FOR_MEMBERS = NAMES_A_HOST | SERVICES

_READS_FILES = ("attach", "cert", "include", "key", "pem", "pgp", "smime", "sub", "template", "wkd")


def refused_option(name: str) -> bool:
    """Whether an option could make the server read files of its own, or fetch something from elsewhere."""
    plain = name.lower().lstrip("+-:")
    return any(plain.startswith(word) for word in _READS_FILES) and plain != "subject"
