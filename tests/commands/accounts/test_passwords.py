"""Which passwords may be chosen: by length, and by whether anybody would guess them."""

import pytest

from webmon.commands.accounts.passwords import fault, hash_password
from webmon.errors import Invalid


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        ("correct horse", "short"),
        ("fourteen chars", "short"),
        ("fifteen letters", ""),
        ("x7" * 501, "long"),
        ("1234567890abcdefghijk", ""),
        ("123456789012345", "common"),
        ("abcdefghijklmnop", "common"),
        ("aaaaaaaaaaaaaaa", "common"),
        ("qwertyqwertyqwerty", "common"),
        ("PasswordPassword", "common"),
        ("password20262026!", "common"),
        ("Passwort für die Überwachung", ""),
        ("anna@example.org", "common"),
        ("mein pass​wort ist lang", ""),
    ],
)
def test_what_may_be_chosen(password: str, wrong: str) -> None:
    assert fault(password, email="anna@example.org") == wrong


def test_with_a_second_factor_8_characters_do() -> None:
    assert fault("kq7 vmbz", has_factor=True) == ""
    assert fault("kq7 vmb", has_factor=True) == "short"
    assert fault("password", has_factor=True) == "common"


def test_what_may_not_be_chosen_is_not_hashed() -> None:
    with pytest.raises(Invalid, match="many people have") as caught:
        hash_password("passwordpassword")
    assert caught.value.field == "password"
