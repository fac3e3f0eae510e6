"""What the operator decides: read once, checked one by one and together, and then frozen.

Every secret may also stand in a file of its own, named by the setting's name with `_FILE` behind it
(as Docker secrets do).
"""

from __future__ import annotations

from typing import Self
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr, model_validator

from bot.setting_fields import SettingFields
from bot.setting_values import SECRETS, split_keys
from core.domain.risk import Limits

ALPACA_LIVE_ORIGIN = "https://api.alpaca.markets"
"""The service where Alpaca trades real money."""


class Settings(SettingFields):
    """The operator's decisions, which fit together; and what follows from them."""

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        faults = tuple(self._contradictions())
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def _contradictions(self) -> list[str]:
        faults = [*self._alpaca_faults(), *self._second_source_faults()]
        if self.market_data == "replay" and self.broker != "simulated":
            faults.append(
                "MARKET_DATA=replay shows prices of the past: it works only with BROKER=simulated."
            )
        if self.market_data == "replay" and self.trading_mode == "live":
            faults.append(
                "MARKET_DATA=replay shows prices of the past: it works only with TRADING_MODE=paper."
            )
        if self.trading_mode == "paper" and self.alpaca_base_url == ALPACA_LIVE_ORIGIN:
            faults.append(
                f"ALPACA_BASE_URL names the live service ({ALPACA_LIVE_ORIGIN}) while TRADING_MODE "
                "is paper: use https://paper-api.alpaca.markets."
            )
        if self.live_cap_order > self.live_cap_day:
            faults.append(
                "LIVE_CAP_ORDER is more than LIVE_CAP_DAY: one order cannot move more than a day may."
            )
        if (self.evenkeel_control_port is None) != (self.evenkeel_control_token is None):
            faults.append(
                "EVENKEEL_CONTROL_PORT and EVENKEEL_CONTROL_TOKEN belong together: give both."
            )
        if self.evenkeel_fake_broker is not None and not self.has_troubles:
            faults.append(
                "EVENKEEL_FAKE_BROKER is for rehearsals in the demo: it needs MARKET_DATA=replay, "
                "EVENKEEL_CONTROL_PORT and EVENKEEL_CONTROL_TOKEN."
            )
        if self.evenkeel_old_secret_keys is not None and self.evenkeel_secret_key is None:
            faults.append(
                "EVENKEEL_OLD_SECRET_KEYS is for changing EVENKEEL_SECRET_KEY: give the new one too."
            )
        return faults

    def _alpaca_faults(self) -> list[str]:
        has_key, has_secret = self.alpaca_api_key is not None, self.alpaca_secret_key is not None
        if self.broker == "alpaca":
            faults = (
                []
                if has_key and has_secret
                else ["BROKER=alpaca needs ALPACA_API_KEY and ALPACA_SECRET_KEY: give both."]
            )
            if self.market_data == "yahoo":
                faults.append(
                    "BROKER=alpaca needs MARKET_DATA=alpaca: a real broker's orders are priced by "
                    "its own quotes."
                )
            return faults
        if has_key != has_secret:
            return ["ALPACA_API_KEY and ALPACA_SECRET_KEY belong together: give both."]
        return []

    def _second_source_faults(self) -> list[str]:
        second = self.market_data_second
        if not second:
            return []
        if self.market_data == "replay":
            return [
                "MARKET_DATA_SECOND is for prices of today: it does not work with MARKET_DATA=replay."
            ]
        if second == self.market_data:
            return [
                f"MARKET_DATA_SECOND is the same as MARKET_DATA ({second}): name the other source."
            ]
        if second == "alpaca" and self.alpaca_api_key is None:
            return [
                "MARKET_DATA_SECOND=alpaca needs ALPACA_API_KEY and ALPACA_SECRET_KEY: give both."
            ]
        return []

    @property
    def old_secret_keys(self) -> tuple[str, ...]:
        """The earlier master keys, by which what they have sealed can still be opened."""
        old = self.evenkeel_old_secret_keys
        return split_keys(old.get_secret_value()) if old is not None else ()

    @property
    def has_troubles(self) -> bool:
        """Whether the simulated broker can be told to do wrong: only in a replay that a page controls."""
        has_control = self.evenkeel_control_port is not None and bool(self.evenkeel_control_token)
        return self.market_data == "replay" and has_control

    @property
    def limits(self) -> Limits:
        """The limits on plans and orders, which chat cannot raise."""
        return Limits(
            max_legs=self.limit_orders,
            max_turnover=self.limit_turnover,
            max_order_value=self.limit_order_value,
            max_collar=self.limit_collar,
            live_cap_order=self.live_cap_order,
            live_cap_day=self.live_cap_day,
        )

    def secret_values(self) -> tuple[str, ...]:
        """Every text that no log line or message may show."""
        secrets = [
            value.get_secret_value()
            for name in SECRETS
            if name != "DATABASE_URL"
            and isinstance(value := getattr(self, name.lower()), SecretStr)
        ]
        if self.telegram_bot_token is not None:
            secrets.append(self.telegram_bot_token.get_secret_value().partition(":")[2])
        secrets += self.old_secret_keys
        password = urlsplit(self.database_url.get_secret_value()).password
        if password:
            secrets += [password, unquote(password)]
        return tuple(dict.fromkeys(secrets))
