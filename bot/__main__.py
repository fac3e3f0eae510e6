"""`python -m bot`: the same as the console command `evenkeel`."""

from __future__ import annotations

from bot.cli import main

if __name__ == "__main__":
    main()
