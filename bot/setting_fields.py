"""The settings one by one: what each is called, what it is where nobody says, and what may be said."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from bot.setting_values import (
    SECRETS,
    SecretFiles,
    Unreadable,
    as_origin,
    is_web_address,
    not_as_expected,
    parse_user_ids,
    split_keys,
    with_async_driver,
)
from core.ports.troubles import Trouble

MASTER_KEY_LENGTH = 32
CONTROL_TOKEN_LENGTH = 8

MOST_MONEY = Decimal(1_000_000_000)


class SettingFields(BaseSettings):
    """The operator's decisions, one by one; a field's description says what is expected of it."""

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
                raise not_as_expected(cls, "telegram_bot_token")
        return value

    @field_validator("evenkeel_control_token")
    @classmethod
    def _be_long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < CONTROL_TOKEN_LENGTH:
            raise not_as_expected(cls, "evenkeel_control_token")
        return value

    @field_validator("heartbeat_url")
    @classmethod
    def _be_an_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not is_web_address(value.get_secret_value()):
            raise not_as_expected(cls, "heartbeat_url")
        return value

    @field_validator("health_host")
    @classmethod
    def _be_an_own_address(cls, value: str) -> str:
        try:
            return str(ip_address(value.strip()))
        except ValueError:
            raise not_as_expected(cls, "health_host", value) from None

    @field_validator("evenkeel_secret_key", "evenkeel_old_secret_keys")
    @classmethod
    def _be_master_keys(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None:
            keys = split_keys(value.get_secret_value())
            is_one_too_many = info.field_name == "evenkeel_secret_key" and len(keys) > 1
            if is_one_too_many or any(len(key) < MASTER_KEY_LENGTH for key in keys or [""]):
                raise not_as_expected(cls, str(info.field_name))
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
            raise not_as_expected(cls, str(info.field_name), value)
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
            raise not_as_expected(cls, "database_url")
        return SecretStr(url)
