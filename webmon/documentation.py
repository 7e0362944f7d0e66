"""The parts of the documents that the code knows best: `python -m webmon.documentation`."""

import re
from enum import Enum

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from webmon import config
from webmon.notifiers import NOTIFIERS
from webmon.probes import PROBES

DOCUMENTS = [config.ROOT / "docs" / name for name in ("checks.md", "notifications.md")]
MARKED = re.compile(r"(<!-- (kinds|channels) -->\n).*?(<!-- /\2 -->)", re.DOTALL)


def kinds_table() -> str:
    """A Markdown table of the service kinds, their config and what up means."""
    lines = ["| kind | config [default] | up means |", "|---|---|---|"]
    for name, kind in PROBES.items():
        lines.append(f"| `{name}` | {_fields(kind.config)} | {kind.up_means} |")
    return "\n".join(lines)


def channels_table() -> str:
    """A Markdown table of the channel kinds, their config and where their messages go."""
    lines = ["| kind | config [default] | sends |", "|---|---|---|"]
    for name, kind in NOTIFIERS.items():
        lines.append(f"| `{name}` | {_fields(kind.config)} | {kind.sends} |")
    return "\n".join(lines)


def _fields(config: type[BaseModel]) -> str:
    return ", ".join(_field(key, info) for key, info in config.model_fields.items())


def _field(name: str, info: FieldInfo) -> str:
    default = info.default
    is_worth_saying = isinstance(default, str | int) and default is not False and default != ""
    if info.is_required() or not is_worth_saying:
        return f"`{name}`"
    shown = default.value if isinstance(default, Enum) else default
    return f"`{name}`" if isinstance(shown, SecretStr) else f"`{name}` [{_shown(shown)}]"


def _shown(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def current(text: str) -> str:
    """``text`` with the tables between their marks brought up to date."""
    tables = {"kinds": kinds_table(), "channels": channels_table()}
    return MARKED.sub(lambda match: f"{match[1]}{tables[match[2]]}\n{match[3]}", text)


if __name__ == "__main__":
    for document in DOCUMENTS:
        document.write_text(current(document.read_text("utf-8")), "utf-8")
