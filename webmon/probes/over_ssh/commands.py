"""The commands that are run on hosts: fixed, read-only, POSIX; and the line that allows no others.

A script is one line without single quotes. What comes from a config is validated to a few harmless
characters and reaches the script as its arguments only.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from webmon.probes.base import ProbeConfig
from webmon.probes.ssh_access import SshAccess

PRELUDE = (
    "LC_ALL=C; PATH=$PATH:/usr/bin:/bin:/usr/sbin:/sbin; export LC_ALL PATH; "
    'section() { echo "@@ $1"; shift; "$@" 2>/dev/null </dev/null; '
    'code=$?; echo; echo "@= $code"; }; '
)
"""``section NAME COMMAND…`` prints ``@@ NAME``, what the command says, and ``@= STATUS``."""

_END = 'echo "@@ end"'
_HARMLESS = re.compile(r"[A-Za-z0-9_@.:+,=~%/ -]*")
REFUSED = "refused"
"""The section that a forced command sends for what it does not allow."""

MISSING = 127
"""The exit status of a command that is not there."""


@dataclass(frozen=True, slots=True)
class Section:
    """What one command said."""

    text: str
    status: int | None
    """None: it was not finished."""

    @property
    def is_there(self) -> bool:
        return self.status not in (None, MISSING, 126)


NOTHING = Section("", MISSING)


@dataclass(frozen=True, slots=True)
class Command:
    """A script under a name, and its arguments."""

    name: str
    steps: str
    arguments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert "'" not in self.steps and "\n" not in self.steps
        assert all(_HARMLESS.fullmatch(argument) for argument in self.arguments)

    @property
    def script(self) -> str:
        return f"{PRELUDE}{self.steps} {_END}"

    @property
    def label(self) -> str:
        """By this the forced command recognises it: the name, and a digest of the arguments."""
        if not self.arguments:
            return f"webmon-{self.name}"
        digest = hashlib.sha256("\0".join(self.arguments).encode()).hexdigest()[:12]
        return f"webmon-{self.name}-{digest}"

    @property
    def line(self) -> str:
        """What is sent: for a shell of any kind, which only starts the right one."""
        arguments = "".join(f" '{argument}'" for argument in self.arguments)
        return f"exec /bin/sh -c '{self.script}' {self.label}{arguments} --"


class OverSsh(ProbeConfig):
    """The config of a kind that looks over the SSH connection of its host."""

    @property
    def command(self) -> Command | None:
        """What it runs there."""
        return None

    @property
    def needs_login(self) -> bool:
        """See `ProbeConfig.needs_login`."""
        return self.command is not None


def sections(output: str) -> Mapping[str, Section]:
    """The sections of a script's output. The output is not trusted."""
    return dict(_sections(output))


def _sections(output: str) -> Iterator[tuple[str, Section]]:
    for part in re.split(r"^@@ ", output, flags=re.MULTILINE)[1:]:
        name, _, rest = part.partition("\n")
        text, mark, status = rest.rpartition("\n@= ")
        number = status.strip()
        if not mark and rest.startswith("@= "):
            text, mark, number = "", rest, rest[3:].strip()
        is_number = bool(re.fullmatch(r"\d{1,3}", number, re.ASCII))
        yield name.strip(), Section(text if mark else rest, int(number) if is_number else None)


def last_section(output: str) -> str | None:
    """The section in which a script that was not finished is."""
    found = re.findall(r"^@@ (\w{1,20})", output, flags=re.MULTILINE)
    return str(found[-1]) if found else None


def authorized_keys_line(access: SshAccess, configs: Iterable[OverSsh]) -> str:
    """The line for ``~/.ssh/authorized_keys``: the key may run what ``configs`` need, and no more.

    The forced command only looks at the name of what is asked for, and runs its own copy of it.

    Raises:
        ValueError: there is no private key, so there is no public one.
    """
    public = access.public_key
    if public is None:
        raise ValueError("the host is reached by a password; give it a private key")
    commands = {command.label: command for each in configs if (command := each.command)}
    branches = [_branch(commands[label]) for label in sorted(commands)]
    refusal = f'*) echo "@@ {REFUSED}"; exit 1;;'
    choice = f'case "$SSH_ORIGINAL_COMMAND" in {" ".join([*branches, refusal])} esac'
    forced = f"exec /bin/sh -c '{PRELUDE}{choice}'".replace('"', '\\"')
    return f'restrict,command="{forced}" {public} webmon'


def _branch(command: Command) -> str:
    arguments = " ".join(f'"{argument}"' for argument in command.arguments)
    given = f"set -- {arguments}; " if arguments else ""
    return f'*" {command.label} "*) {given}{command.steps} {_END};;'
