"""What the operator decides, read once from the environment and `.env`, checked, and then frozen.

Every secret may also stand in a file of its own, named by the setting's name with `_FILE` behind it
(as Docker secrets do). Faults are collected, so that one start shows all of them, and none of the
sentences holds the value of a secret.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from bot.setting_values import (
    SECRETS,
    SecretFiles,
    Unreadable,
    as_origin,
    given_names,
    is_web_address,
    parse_user_ids,
    split_keys,
    with_async_driver,
)
from core.domain.risk import Limits
from core.ports.troubles import Trouble

ENV_FILE = Path(".env")
"""Where settings are looked for besides the environment, which goes before it."""

MASTER_KEY_LENGTH = 32
CONTROL_TOKEN_LENGTH = 8

ALPACA_LIVE_ORIGIN = "https://api.alpaca.markets"
"""The service where Alpaca trades real money."""

OTHER_NAMES = {
    "TELEGRAM_TOKEN": "TELEGRAM_BOT_TOKEN",
    "BOT_TOKEN": "TELEGRAM_BOT_TOKEN",
    "TELEGRAM_USERS": "TELEGRAM_ALLOWED_USERS",
    "ALLOWED_USERS": "TELEGRAM_ALLOWED_USERS",
    "TELEGRAM_CHAT_ID": "TELEGRAM_ALLOWED_USERS",
    "APCA_API_KEY_ID": "ALPACA_API_KEY",
    "APCA_API_SECRET_KEY": "ALPACA_SECRET_KEY",
    "APCA_API_BASE_URL": "ALPACA_BASE_URL",
    "ALPACA_API_SECRET": "ALPACA_SECRET_KEY",
    "DB_URL": "DATABASE_URL",
}
"""What other programs call our settings, by what they are called here."""

MOST_MONEY = Decimal(1_000_000_000)

OUR_PREFIXES = (
    "EVENKEEL_",
    "TELEGRAM_",
    "ALPACA_",
    "REPLAY_",
    "LIMIT_",
    "LIVE_CAP_",
    "HEALTH_",
    "CHANNEL_",
    "OPERATOR_",
)
"""A name in the environment that begins so was probably meant for us."""


class SettingsError(Exception):
    """The settings cannot be used; `faults` holds one sentence for each of them."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Settings(BaseSettings):
    """The operator's decisions; a field's description says what is expected of it."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    telegram_bot_token: SecretStr | None = Field(
        None, description="the token that @BotFather gave, such as 123456789:AAE…"
    )
    telegram_api_base_url: str = Field(
        "https://api.telegram.org",
        description="an origin without a path, such as https://api.telegram.org or "
        "http://127.0.0.1:8081",
    )
    telegram_allowed_users: Annotated[tuple[int, ...], NoDecode] = Field(
        (), description="numeric Telegram user ids with commas or spaces between them"
    )
    data_dir: Path = Field(Path("data"), description="a folder that the bot may write to")
    database_url: SecretStr = Field(
        SecretStr(""),
        description="sqlite:///path/to/file.db or postgresql://user:password@host/name",
    )
    market_data: Literal["yahoo", "alpaca", "replay"] = Field(
        "yahoo", description="one of yahoo, alpaca, replay"
    )
    market_data_second: Literal["", "yahoo", "alpaca"] = Field(
        "", description="yahoo or alpaca, or nothing for no second source"
    )
    price_gap: Decimal = Field(
        Decimal(2), gt=0, le=50, description="a percentage above 0 and up to 50"
    )
    broker: Literal["simulated", "alpaca"] = Field(
        "simulated", description="one of simulated, alpaca"
    )
    alpaca_api_key: SecretStr | None = Field(None, description="the key id of an Alpaca account")
    alpaca_secret_key: SecretStr | None = Field(None, description="the secret of that key id")
    alpaca_base_url: str = Field(
        "https://paper-api.alpaca.markets",
        description="an origin without a path, such as https://paper-api.alpaca.markets",
    )
    alpaca_data_url: str = Field(
        "https://data.alpaca.markets",
        description="an origin without a path, such as https://data.alpaca.markets",
    )
    trading_mode: Literal["paper", "live"] = Field("paper", description="paper or live")
    limit_order_value: Decimal | None = Field(
        None, gt=0, le=MOST_MONEY, description="an amount of money above 0, or nothing for no limit"
    )
    limit_orders: int = Field(
        100, ge=1, le=1000, description="a whole number of orders from 1 to 1000"
    )
    limit_turnover: Decimal = Field(
        Decimal(200), gt=0, le=1000, description="a percentage above 0 and up to 1000"
    )
    limit_collar: Decimal = Field(
        Decimal(5), gt=0, le=10, description="a percentage above 0 and up to 10"
    )
    live_cap_order: Decimal = Field(
        Decimal(500), gt=0, le=MOST_MONEY, description="an amount of money above 0, such as 500"
    )
    live_cap_day: Decimal = Field(
        Decimal(2000), gt=0, le=MOST_MONEY, description="an amount of money above 0, such as 2000"
    )
    replay_start: date = Field(date(2020, 1, 2), description="a date such as 2020-01-02")
    replay_speed: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description="a number of sessions per minute, 0 or more",
    )
    log_format: Literal["text", "json"] = Field("text", description="text or json")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="one of DEBUG, INFO, WARNING, ERROR"
    )
    health_port: int | None = Field(
        None, ge=0, le=65535, description="a port number from 0 (any free one) to 65535"
    )
    health_host: str = Field(
        "127.0.0.1", description="an address of this machine, such as 127.0.0.1"
    )
    heartbeat_url: SecretStr | None = Field(
        None, description="an address that begins with https:// or http://"
    )
    operator_channel: SecretStr | None = Field(
        None, description="an address as Apprise has them, such as ntfys://topic"
    )
    channel_private_hosts: bool = Field(False, description="true or false")
    evenkeel_secret_key: SecretStr | None = Field(
        None,
        description="a random text of at least 32 characters, without spaces or commas in it",
    )
    evenkeel_old_secret_keys: SecretStr | None = Field(
        None,
        description="one or more earlier values of EVENKEEL_SECRET_KEY, each of at least 32 "
        "characters, with spaces or commas between them",
    )
    evenkeel_control_port: int | None = Field(
        None, ge=0, le=65535, description="a port number from 0 (any free one) to 65535"
    )
    evenkeel_control_token: SecretStr | None = Field(
        None, description="a random text of at least 8 characters"
    )
    evenkeel_fake_broker: Trouble | None = Field(None, description=f"one of {', '.join(Trouble)}")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - ours instead
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Secrets from files of their own go first, then the environment, then `.env`."""
        files = SecretFiles(settings_cls, getattr(dotenv_settings, "env_file", None))
        return init_settings, files, env_settings, dotenv_settings

    @field_validator(*(name.lower() for name in SECRETS), mode="before")
    @classmethod
    def _report_unreadable(cls, value: object) -> object:
        if isinstance(value, Unreadable):
            raise ValueError(value.fault)  # noqa: TRY004 - only this becomes a fault
        return value

    @field_validator(
        "market_data", "market_data_second", "broker", "trading_mode", "log_format", mode="before"
    )
    @classmethod
    def _ignore_case(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper_case(cls, value: object) -> object:
        return value.strip().upper() if isinstance(value, str) else value

    @field_validator("telegram_bot_token")
    @classmethod
    def _look_like_a_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            number, colon, secret = value.get_secret_value().partition(":")
            if not (colon and number.isdecimal() and secret and secret.isprintable()):
                raise _expected(cls, "telegram_bot_token")
        return value

    @field_validator("evenkeel_control_token")
    @classmethod
    def _be_long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < CONTROL_TOKEN_LENGTH:
            raise _expected(cls, "evenkeel_control_token")
        return value

    @field_validator("heartbeat_url")
    @classmethod
    def _be_an_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not is_web_address(value.get_secret_value()):
            raise _expected(cls, "heartbeat_url")
        return value

    @field_validator("health_host")
    @classmethod
    def _be_an_own_address(cls, value: str) -> str:
        try:
            return str(ip_address(value.strip()))
        except ValueError:
            raise _expected(cls, "health_host", value) from None

    @field_validator("evenkeel_secret_key", "evenkeel_old_secret_keys")
    @classmethod
    def _be_master_keys(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None:
            keys = split_keys(value.get_secret_value())
            is_one_too_many = info.field_name == "evenkeel_secret_key" and len(keys) > 1
            if is_one_too_many or any(len(key) < MASTER_KEY_LENGTH for key in keys or [""]):
                raise _expected(cls, str(info.field_name))
        return value

    @field_validator("telegram_allowed_users", mode="before")
    @classmethod
    def _split_user_ids(cls, value: object) -> object:
        return parse_user_ids(value) if isinstance(value, str) else value

    @field_validator("telegram_api_base_url", "alpaca_base_url", "alpaca_data_url")
    @classmethod
    def _be_an_origin(cls, value: str, info: ValidationInfo) -> str:
        origin = as_origin(value)
        if origin is None:
            raise _expected(cls, str(info.field_name), value)
        return origin

    @field_validator("data_dir")
    @classmethod
    def _expand_home(cls, value: Path) -> Path:
        return value.expanduser()

    @field_validator("database_url")
    @classmethod
    def _name_the_driver(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        text = value.get_secret_value()
        if not text:
            text = f"sqlite:///{info.data.get('data_dir', Path('data')) / 'evenkeel.db'}"
        url = with_async_driver(text)
        if url is None:
            raise _expected(cls, "database_url")
        return SecretStr(url)

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


def load_settings(env_file: Path | None = ENV_FILE) -> Settings:
    """Read the settings; raises `SettingsError` with one sentence for each fault."""
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        faults = [sentence for fault in error.errors() for sentence in _sentences(fault)]
    raise SettingsError((*faults, *misspelt_names(env_file)))


def misspelt_names(env_file: Path | None = ENV_FILE) -> tuple[str, ...]:
    """One sentence for each name that was probably meant to be a setting of ours but is not."""
    known = setting_names() | {f"{name}_FILE" for name in SECRETS}
    hints = []
    for name in sorted(given_names(env_file)):
        meant = OTHER_NAMES.get(name)
        if meant is None and name.startswith(OUR_PREFIXES) and name not in known:
            meant = next(iter(get_close_matches(name, sorted(known), cutoff=0.8)), "")
        if meant is None or name.startswith("EVENKEEL_TEST_"):
            continue
        advice = f"did you mean {meant}?" if meant else "see .env.example for those there are."
        hints.append(f"{name} is not a setting of Evenkeel; {advice}")
    return tuple(hints)


def setting_names() -> frozenset[str]:
    """Every setting by the name it has in the environment."""
    return frozenset(name.upper() for name in Settings.model_fields)


def _expected(settings: type[Settings], field: str, shown: object = None) -> ValueError:
    """Make the sentence that says what a setting must be; secrets are never shown."""
    expected = settings.model_fields[field].description
    instead = f", not “{shown}”" if shown is not None else ""
    return ValueError(f"{field.upper()} must be {expected}{instead}.")


def _sentences(fault: ErrorDetails) -> list[str]:
    """Turn what pydantic found into sentences of ours."""
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"]).splitlines()
    field = str(fault["loc"][0])
    shown = None if field.upper() in SECRETS else fault.get("input")
    return [str(_expected(Settings, field, shown))]
