from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from bot.load_settings import SettingsError, load_settings, misspelt_names, setting_names
from bot.setting_values import SECRETS
from bot.settings import Settings

ROOT = Path(__file__).parents[2]
CANARY = "987654321:CANARY-Zk3vQx7-pL0wRt5_yU2"
LONG_CANARY = "CANARY-0123456789-0123456789-0123456789"


@pytest.fixture(autouse=True)
def _empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start every case where there is no `.env`."""
    monkeypatch.chdir(tmp_path)


def given(monkeypatch: pytest.MonkeyPatch, **names: object) -> None:
    for name, value in names.items():
        monkeypatch.setenv(name, str(value))


def faults() -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        load_settings()
    return refused.value.faults


@pytest.mark.fault(76)
def test_without_any_setting_it_is_paper_on_a_simulated_broker() -> None:
    settings = load_settings()
    assert settings.telegram_bot_token is None
    assert settings.telegram_allowed_users == ()
    assert settings.telegram_api_base_url == "https://api.telegram.org"
    assert (settings.market_data, settings.broker) == ("yahoo", "simulated")
    assert settings.trading_mode == "paper"
    assert settings.alpaca_base_url == "https://paper-api.alpaca.markets"
    assert settings.replay_start == date(2020, 1, 2)
    assert settings.replay_speed == 0
    assert settings.database_url.get_secret_value() == "sqlite+aiosqlite:///data/evenkeel.db"
    assert settings.evenkeel_control_port is None
    assert (settings.log_format, settings.log_level) == ("text", "INFO")


def test_an_empty_setting_is_one_that_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, TELEGRAM_BOT_TOKEN="", REPLAY_SPEED="", TRADING_MODE="")
    settings = load_settings()
    assert settings.telegram_bot_token is None
    assert settings.trading_mode == "paper"


def test_the_environment_goes_before_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("MARKET_DATA=replay\nREPLAY_SPEED=1.5\n", "utf-8")
    given(monkeypatch, REPLAY_SPEED=30)
    settings = load_settings()
    assert (settings.market_data, settings.replay_speed) == ("replay", 30)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().trading_mode = "live"  # type: ignore[misc]


@pytest.mark.parametrize("text", ["11,22", "11 22", " 11, 22 ,", "11;22", "11, 22, 11"])
def test_reads_user_ids_with_commas_or_spaces(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    given(monkeypatch, TELEGRAM_ALLOWED_USERS=text)
    assert load_settings().telegram_allowed_users == (11, 22)


@pytest.mark.parametrize(
    "wrong", ["-100123", "0", "1.5", "1e3", "٦٠", "12x", "*", "9" * 17, "9" * 5000]
)
def test_refuses_what_is_not_a_user_id(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    given(monkeypatch, TELEGRAM_ALLOWED_USERS=f"11 {wrong}")
    assert faults() == (
        f"TELEGRAM_ALLOWED_USERS must be numeric ids such as 123456789, not “{wrong}”.",
    )


@pytest.mark.parametrize("name", ["@anna", "anna_b"])
def test_names_a_user_name_as_the_mistake(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    given(monkeypatch, TELEGRAM_ALLOWED_USERS=name)
    (fault,) = faults()
    assert f"“{name}”" in fault
    assert "user names can change hands" in fault


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.telegram.org/", "https://api.telegram.org"),
        ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
        ("HTTP://Bot-Api:8081/", "http://bot-api:8081"),
        ("http://[::1]:8081", "http://[::1]:8081"),
    ],
)
def test_the_bot_api_is_given_as_an_origin(
    monkeypatch: pytest.MonkeyPatch, url: str, origin: str
) -> None:
    given(monkeypatch, TELEGRAM_API_BASE_URL=url)
    assert load_settings().telegram_api_base_url == origin


@pytest.mark.parametrize(
    "url",
    [
        "https://api.telegram.org/bot",
        "api.telegram.org",
        "ftp://api.telegram.org",
        "https://user@api.telegram.org",
        "https://api.telegram.org?x=1",
        "http://host:port",
        "https://",
    ],
)
@pytest.mark.parametrize("name", ["TELEGRAM_API_BASE_URL", "ALPACA_BASE_URL", "ALPACA_DATA_URL"])
def test_refuses_more_or_less_than_an_origin(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    given(monkeypatch, **{name: url})
    (fault,) = faults()
    assert fault.startswith(f"{name} must be an origin without a path, such as https://")
    assert fault.endswith(f"not “{url}”.")


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgres://u:p@h/db", "postgresql+psycopg://u:p@h/db"),
        ("postgresql://u:p@h:5432/db?sslmode=require",) * 2,
        ("postgresql+psycopg://u@h/db", "postgresql+psycopg://u@h/db"),
        ("sqlite:///a/b.db", "sqlite+aiosqlite:///a/b.db"),
        ("sqlite:////data/b.db", "sqlite+aiosqlite:////data/b.db"),
        ("sqlite+aiosqlite:///b.db", "sqlite+aiosqlite:///b.db"),
    ],
)
def test_names_the_driver_of_the_store(
    monkeypatch: pytest.MonkeyPatch, url: str, driver: str
) -> None:
    given(monkeypatch, DATABASE_URL=url)
    expected = driver.replace("postgresql:", "postgresql+psycopg:")
    assert load_settings().database_url.get_secret_value() == expected


@pytest.mark.parametrize(
    "url", ["mysql://u:CANARY@h/db", "sqlite://", "sqlite:///:memory:", "b.db", "postgresql://"]
)
def test_refuses_a_database_it_cannot_use(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    given(monkeypatch, DATABASE_URL=url)
    assert faults() == (
        "DATABASE_URL must be sqlite:///path/to/file.db or postgresql://user:password@host/name.",
    )


def test_the_store_lies_in_the_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given(monkeypatch, DATA_DIR=tmp_path / "kept")
    url = load_settings().database_url.get_secret_value()
    assert url == f"sqlite+aiosqlite:///{tmp_path}/kept/evenkeel.db"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MARKET_DATA", "yaho", "one of yahoo, alpaca, replay"),
        (
            "MARKET_DATA_SECOND",
            "bloomberg",
            "yahoo or alpaca, or nothing for no second source",
        ),
        ("PRICE_GAP", "0", "a percentage above 0 and up to 50"),
        ("BROKER", "robinhood", "one of simulated, alpaca"),
        ("TRADING_MODE", "real", "paper or live"),
        ("LOG_FORMAT", "xml", "text or json"),
        ("LOG_LEVEL", "loud", "one of DEBUG, INFO, WARNING, ERROR"),
        ("REPLAY_START", "2.1.2020", "a date such as 2020-01-02"),
        ("REPLAY_SPEED", "-1", "a number of sessions per minute, 0 or more"),
        ("REPLAY_SPEED", "nan", "a number of sessions per minute, 0 or more"),
        ("REPLAY_SPEED", "fast", "a number of sessions per minute, 0 or more"),
    ],
)
def test_says_what_a_setting_must_be(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    given(monkeypatch, **{name: value})
    (fault,) = faults()
    assert fault.lower() == f"{name} must be {expected}, not “{value}”.".lower()


def test_case_does_not_matter_where_there_are_only_a_few_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given(monkeypatch, MARKET_DATA="Replay", TRADING_MODE="PAPER", LOG_LEVEL="debug")
    settings = load_settings()
    assert (settings.market_data, settings.trading_mode) == ("replay", "paper")
    assert settings.log_level == "DEBUG"


def test_reports_every_fault_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, MARKET_DATA="x", BROKER="y", TELEGRAM_ALLOWED_USERS="@z")
    assert [fault.split()[0] for fault in faults()] == [
        "TELEGRAM_ALLOWED_USERS",
        "MARKET_DATA",
        "BROKER",
    ]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_may_stand_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    content = {
        "TELEGRAM_BOT_TOKEN": CANARY,
        "DATABASE_URL": "postgresql+psycopg://u:CANARY@h/db",
        "HEARTBEAT_URL": "https://hc.example/CANARY",
    }.get(name, LONG_CANARY)
    (tmp_path / "secret").write_text(f"  {content}\n", "utf-8")
    given(monkeypatch, ALPACA_API_KEY=LONG_CANARY, ALPACA_SECRET_KEY=LONG_CANARY)
    given(monkeypatch, EVENKEEL_CONTROL_PORT=0, EVENKEEL_CONTROL_TOKEN=LONG_CANARY)
    given(monkeypatch, EVENKEEL_SECRET_KEY=LONG_CANARY)
    monkeypatch.delenv(name, raising=False)
    given(monkeypatch, **{f"{name}_FILE": tmp_path / "secret"})
    secret = getattr(load_settings(), name.lower())
    assert isinstance(secret, SecretStr)
    assert secret.get_secret_value() == content


def test_the_file_of_a_secret_may_be_named_in_the_env_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(CANARY, "utf-8")
    (tmp_path / ".env").write_text(f"TELEGRAM_BOT_TOKEN_FILE={tmp_path}/token\n", "utf-8")
    token = load_settings().telegram_bot_token
    assert token is not None
    assert token.get_secret_value() == CANARY


@pytest.mark.parametrize("name", SECRETS)
def test_refuses_a_secret_given_twice(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    given(monkeypatch, **{name: CANARY, f"{name}_FILE": "anywhere"})
    assert f"{name} and {name}_FILE are both given: keep one." in faults()


def test_says_which_file_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n", "utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    given(monkeypatch, TELEGRAM_BOT_TOKEN_FILE="/no/such/file", DATABASE_URL_FILE="empty")
    given(monkeypatch, EVENKEEL_SECRET_KEY_FILE="binary")
    assert faults() == (
        (
            "TELEGRAM_BOT_TOKEN_FILE names /no/such/file, which cannot be read: "
            "No such file or directory."
        ),
        "DATABASE_URL_FILE names empty, which is empty.",
        "EVENKEEL_SECRET_KEY_FILE names binary, which cannot be read: it is not text.",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELEGRAM_BOT_TOKEN", "CANARY"),
        ("TELEGRAM_BOT_TOKEN", "CANARY:1"),
        ("TELEGRAM_BOT_TOKEN", "123:"),
        ("EVENKEEL_SECRET_KEY", "CANARY"),
        ("EVENKEEL_SECRET_KEY", f"{LONG_CANARY} {LONG_CANARY}"),
        ("EVENKEEL_OLD_SECRET_KEYS", f"{LONG_CANARY}, CANARY"),
        ("EVENKEEL_OLD_SECRET_KEYS", ","),
        ("EVENKEEL_CONTROL_TOKEN", "CANARY"),
        ("DATABASE_URL", "oracle://u:CANARY@h"),
    ],
)
def test_no_fault_shows_a_secret(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    given(monkeypatch, **{name: value})
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert refused.value.faults[0].startswith(f"{name} must be ")
    assert "CANARY" not in repr(refused.value) + str(refused.value)
    assert refused.value.__context__ is None


@pytest.mark.fault(71)
def test_the_settings_themselves_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    given(
        monkeypatch,
        TELEGRAM_BOT_TOKEN=CANARY,
        DATABASE_URL="postgresql://u:CANARY%21@h/db",
        EVENKEEL_SECRET_KEY=LONG_CANARY,
        EVENKEEL_OLD_SECRET_KEYS=f"{LONG_CANARY}1,{LONG_CANARY}2",
    )
    settings = load_settings()
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert "CANARY" not in shown
    assert set(settings.secret_values()) == {
        CANARY,
        CANARY.partition(":")[2],
        LONG_CANARY,
        f"{LONG_CANARY}1",
        f"{LONG_CANARY}2",
        f"{LONG_CANARY}1,{LONG_CANARY}2",
        "CANARY%21",
        "CANARY!",
    }


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        (
            {"MARKET_DATA_SECOND": "yahoo"},
            "MARKET_DATA_SECOND is the same as MARKET_DATA (yahoo): name the other source.",
        ),
        (
            {"MARKET_DATA_SECOND": "Alpaca"},
            "MARKET_DATA_SECOND=alpaca needs ALPACA_API_KEY and ALPACA_SECRET_KEY: give both.",
        ),
        (
            {"MARKET_DATA": "replay", "MARKET_DATA_SECOND": "yahoo"},
            "MARKET_DATA_SECOND is for prices of today: it does not work with MARKET_DATA=replay.",
        ),
        (
            {"ALPACA_API_KEY": "k"},
            "ALPACA_API_KEY and ALPACA_SECRET_KEY belong together: give both.",
        ),
        (
            {
                "MARKET_DATA": "replay",
                "BROKER": "alpaca",
                "ALPACA_API_KEY": "k",
                "ALPACA_SECRET_KEY": "s",
            },
            "MARKET_DATA=replay shows prices of the past: it works only with BROKER=simulated.",
        ),
        (
            {"MARKET_DATA": "alpaca", "BROKER": "alpaca"},
            "BROKER=alpaca needs ALPACA_API_KEY and ALPACA_SECRET_KEY: give both.",
        ),
        (
            {"BROKER": "alpaca", "ALPACA_API_KEY": "k", "ALPACA_SECRET_KEY": "s"},
            (
                "BROKER=alpaca needs MARKET_DATA=alpaca: a real broker's orders are priced by its "
                "own quotes."
            ),
        ),
        (
            {"ALPACA_BASE_URL": "https://api.alpaca.markets/"},
            (
                "ALPACA_BASE_URL names the live service (https://api.alpaca.markets) while "
                "TRADING_MODE is paper: use https://paper-api.alpaca.markets."
            ),
        ),
        (
            {"EVENKEEL_CONTROL_PORT": "8766"},
            "EVENKEEL_CONTROL_PORT and EVENKEEL_CONTROL_TOKEN belong together: give both.",
        ),
        (
            {"EVENKEEL_FAKE_BROKER": "down", "MARKET_DATA": "replay"},
            (
                "EVENKEEL_FAKE_BROKER is for rehearsals in the demo: it needs MARKET_DATA=replay, "
                "EVENKEEL_CONTROL_PORT and EVENKEEL_CONTROL_TOKEN."
            ),
        ),
        (
            {"EVENKEEL_OLD_SECRET_KEYS": LONG_CANARY},
            ("EVENKEEL_OLD_SECRET_KEYS is for changing EVENKEEL_SECRET_KEY: give the new one too."),
        ),
    ],
)
def test_refuses_settings_that_contradict_each_other(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, str], fault: str
) -> None:
    given(monkeypatch, **names)
    assert faults() == (fault,)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TELEGRAM_TOKEN", "TELEGRAM_BOT_TOKEN"),
        ("TELEGRAM_ALLOWED_USER", "TELEGRAM_ALLOWED_USERS"),
        ("APCA_API_KEY_ID", "ALPACA_API_KEY"),
        ("EVENKEEL_SECRETKEY", "EVENKEEL_SECRET_KEY"),
    ],
)
def test_guesses_what_a_misspelt_name_was_meant_to_be(
    monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    given(monkeypatch, **{name: "CANARY"})
    assert misspelt_names() == (f"{name} is not a setting of Evenkeel; did you mean {meant}?",)
    load_settings()


def test_a_name_unlike_any_setting_gets_no_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, EVENKEEL_COLOUR="blue", HOME_TOWN="Kiel", EVENKEEL_TEST_POSTGRES_URL="x")
    assert misspelt_names() == (
        "EVENKEEL_COLOUR is not a setting of Evenkeel; see .env.example for those there are.",
    )


def test_a_misspelt_name_is_told_beside_the_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, TELEGRAM_TOKEN="x", BROKER="y")
    assert len(faults()) == 2
    assert "did you mean TELEGRAM_BOT_TOKEN?" in faults()[1]


def test_the_example_explains_every_setting_and_no_other() -> None:
    text = (ROOT / ".env.example").read_text("utf-8")
    found = re.findall(r"^#? ?([A-Z][A-Z_]+)=", text, flags=re.MULTILINE)
    assert len(found) == len(set(found))
    assert set(found) == setting_names()


def test_the_example_shows_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text("utf-8")
    (tmp_path / ".env").write_text(
        re.sub(r"^# ([A-Z_]+=)", r"\1", text, flags=re.MULTILINE), "utf-8"
    )
    assert load_settings() == Settings(_env_file=None)
    assert not [name for name in os.environ if name in setting_names()]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("HEARTBEAT_URL", "ftp://CANARY.example", ""),
        ("HEARTBEAT_URL", "CANARY", ""),
        ("HEALTH_HOST", "my-server", ", not “my-server”"),
        ("HEALTH_PORT", "70000", ", not “70000”"),
    ],
)
def test_what_watches_over_the_bot_is_refused_where_it_cannot_be(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, shown: str
) -> None:
    given(monkeypatch, **{name: value})
    (fault,) = faults()
    assert fault.startswith(f"{name} must be ")
    assert fault.endswith(f"{shown}.")
    assert "CANARY" not in fault


def test_nothing_listens_and_no_sign_is_given_by_default() -> None:
    settings = load_settings()
    assert (settings.health_port, settings.health_host) == (None, "127.0.0.1")
    assert settings.heartbeat_url is None


def test_the_heartbeat_s_address_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, HEARTBEAT_URL=f"https://hc.example/{LONG_CANARY}")
    settings = load_settings()
    assert f"https://hc.example/{LONG_CANARY}" in settings.secret_values()
    assert LONG_CANARY not in repr(settings)
