"""What every refusal is."""

from __future__ import annotations


class Refusal(Exception):
    """Something asked for that cannot be done; subclasses carry what is needed to say why."""

    def __str__(self) -> str:
        """Name the refusal and its data, for logs; people get the sentence of ``bot.words``."""
        data = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({data})"
