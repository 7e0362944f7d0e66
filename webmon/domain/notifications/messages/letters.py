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


def invitation_letter(base_url: str, token: str) -> tuple[str, str]:
    """Subject and text of the letter with which somebody is invited."""
    text = f"""You are invited to {base_url}/

Choose your password here, within three days:

{base_url}/invite/?token={token}

The link works once, and is for you alone. If you did not expect it, do nothing.
"""
    return "You are invited", text


def address_letter(base_url: str, token: str, account: str) -> tuple[str, str]:
    """Subject and text of the letter to the address that the person ``account`` wants."""
    text = f"""The person with the account {account} at {base_url}/
wants to use this address from now on.

If that is you, confirm it here, within a day:

{base_url}/auth/email?token={token}

The link works once. If it was not you, do nothing: nothing changes.
"""
    return "Confirm your new address", text


def moved_letter(base_url: str, account: str) -> tuple[str, str]:
    """Subject and text of the letter to the address that a person had until now."""
    text = f"""Your account at {base_url}/ has another e-mail address now: {account}

You sign in with it, and all mail goes there. If it was not you who changed it, tell an admin.
"""
    return "Your address was changed", text


def test_letter(base_url: str) -> tuple[str, str]:
    """Subject and text of a letter that only shows that mail arrives."""
    return "Test: mail arrives", f"This is a test from {base_url}/. Mail arrives.\n"
