"""One front end: the conversation on Telegram; another (a web page, say) would sit beside it."""

from __future__ import annotations

import os

# python-telegram-bot's own switch to durations as timedelta, which become the only form; without
# it, every answer "retry after" would come with a deprecation warning.
os.environ.setdefault("PTB_TIMEDELTA", "true")
