"""What letters say. Pure."""


def password_letter(base_url: str, token: str) -> tuple[str, str]:
    """Subject and text of the letter with a link for a new password."""
    text = f"""Somebody, probably you, has asked for a new password for {base_url}/

Choose it here, within one hour:

{base_url}/invite/?token={token}

The link works once. Choosing a password signs you out everywhere. If it was not you, do nothing:
your password stays as it is.
"""
    return "Choose a new password", text


def test_letter(base_url: str) -> tuple[str, str]:
    """Subject and text of a letter that only shows that mail arrives."""
    return "Test: mail arrives", f"This is a test from {base_url}/. Mail arrives.\n"
