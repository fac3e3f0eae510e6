"""One front end: the conversation on Telegram; another (a web page, say) would sit beside it."""
