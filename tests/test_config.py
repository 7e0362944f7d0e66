"""Settings: a wrong value is named, every setting is documented, and the key is private."""

import re
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from webmon import config, crypto
from webmon.errors import Invalid


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBMON_PORT", "0"),
        ("WEBMON_PORT", "many"),
        ("WEBMON_DATABASE_URL", "mysql://localhost/x"),
        ("WEBMON_BASE_URL", "status.example.org"),
        ("WEBMON_SMTP_URL", "http://mail"),
        ("WEBMON_REDIS_URL", "nonsense"),
        ("WEBMON_WORKER_CONCURRENCY", "-1"),
        ("WEBMON_CONNECTIVITY_TARGETS", "1.1.1.1:53,nowhere"),
        ("WEBMON_METRICS_ALLOW", "10.0.0.0/8,everyone"),
        ("WEBMON_LOG_FORMAT", "xml"),
        ("WEBMON_LOG_LEVEL", "loud"),
        ("WEBMON_TRUSTED_PROXIES", "-1"),
        ("WEBMON_RAW_RETENTION_DAYS", "0"),
    ],
)
def test_a_wrong_value_is_refused_by_name(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(Invalid) as refused:
        config.read_settings()
    assert str(refused.value).startswith(f"{name}: ")
    assert "\n" not in str(refused.value)


def test_a_wrong_secret_key_is_refused_without_showing_it(monkeypatch):
    monkeypatch.setenv("WEBMON_SECRET_KEY", "not-a-key")
    with pytest.raises(Invalid, match="WEBMON_SECRET_KEY: must be Fernet keys") as refused:
        crypto.vault()
    assert "not-a-key" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("WEBMON_PORT", "0", "must be 1 or more"),
        ("WEBMON_PORT", "many", "must be a whole number"),
        ("WEBMON_RAW_RETENTION_DAYS", "999999", "must be 36500 or less"),
        ("WEBMON_HOURLY_RETENTION_DAYS", "999999", "must be 36500 or less"),
        ("WEBMON_LOG_FORMAT", "xml", "must be 'text' or 'json'"),
    ],
)
def test_what_is_allowed_is_said_in_plain_words(monkeypatch, name, value, reason):
    monkeypatch.setenv(name, value)
    with pytest.raises(Invalid, match=f"^{name}: {reason}$"):
        config.read_settings()


def test_a_level_may_be_written_in_capitals(monkeypatch):
    monkeypatch.setenv("WEBMON_LOG_LEVEL", "WARNING")
    assert config.read_settings().log_level == "warning"


def test_a_file_of_settings_that_is_no_text_is_refused_by_name(monkeypatch, tmp_path):
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    monkeypatch.setitem(config.Settings.model_config, "env_file", tmp_path / ".env")
    with pytest.raises(Invalid, match=r"\.env is not UTF-8 text"):
        config.read_settings()


def test_a_data_directory_that_cannot_hold_the_key_is_refused_by_name(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Invalid, match=r"^WEBMON_DATA_DIR: the key file in .* Not a directory"):
        crypto.read_or_create_key(tmp_path / "file" / "data")


def test_an_empty_value_means_the_default(monkeypatch):
    monkeypatch.setenv("WEBMON_PORT", "")
    assert config.read_settings().port == 8000


def test_every_setting_is_in_the_example_and_in_the_documents():
    names = {f"WEBMON_{name.upper()}" for name in config.Settings.model_fields}
    example = set(re.findall(r"^# (WEBMON_\w+)=", (config.ROOT / ".env.example").read_text(), re.M))
    assert example == names
    documented = (config.ROOT / "docs" / "configuration.md").read_text("utf-8")
    assert {name for name in names if f"`{name}`" not in documented} == set()


def test_the_key_file_is_private_and_made_once(tmp_path):
    with ThreadPoolExecutor() as pool:
        keys = set(pool.map(lambda _: crypto.read_or_create_key(tmp_path), range(8)))
    assert len(keys) == 1
    assert stat.S_IMODE((tmp_path / crypto.KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [crypto.KEY_FILE]


def test_an_older_key_still_decrypts(monkeypatch):
    old = crypto.vault().encrypt("hello")
    new_key = crypto.Fernet.generate_key().decode()
    present = config.settings().secret_key[0].get_secret_value()
    monkeypatch.setenv("WEBMON_SECRET_KEY", f"{new_key},{present}")
    config.settings.cache_clear()
    crypto.vault.cache_clear()
    assert crypto.vault().decrypt(old) == "hello"
    monkeypatch.setenv("WEBMON_SECRET_KEY", new_key)
    config.settings.cache_clear()
    crypto.vault.cache_clear()
    with pytest.raises(Invalid, match="cannot be read with the present key"):
        crypto.vault().decrypt(old)
