"""Read a YAML file so that everything in it can be traced to its line."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from webmon import config
from webmon.commands.validation import KEEP
from webmon.errors import FileError, Invalid

LARGEST_FILE = 5_000_000
LARGEST_REFERENCE = 100_000
"""Bytes of a file that is filled in: many times a key or a certificate."""
DEEPEST = 20
"""Levels of lists and names with values; ours are about eight."""
DEEPEST_READ = 200
MOST_VALUES = 200_000
"""More than any file of that size holds, unless its aliases multiply."""
REFERENCE = re.compile(r"\$\$\{|\$\{(?:(env|file):([^}]*)\}|)")
"""What is filled in; ``$${`` stands for ``${`` itself. What matches without a kind is a mistake."""
NOT_UNDERSTOOD = (
    "is not understood: write ${env:NAME} or ${file:PATH}, or $${ for ${ itself"
    " (${stored} stands alone)"
)
OLD_OCTAL = re.compile(r"[-+]?0[0-7_]+")
MERGE = "tag:yaml.org,2002:merge"
NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
STORED = "${stored}"
"""The value of a config field that stays as this installation has it: read as `KEEP`."""

SURROGATE = re.compile("[\ud800-\udfff]")

Path_ = Sequence[str | int]


QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, where PyYAML has it: five times as fast."""


def _composed(text: str) -> yaml.Node | None:
    """The nodes; what is wrong is said by PyYAML's own parser, which says it better."""
    try:
        require_shallow(text)
        return yaml.compose(text, Loader=QUICK)
    except yaml.YAMLError:
        return yaml.compose(text, Loader=yaml.SafeLoader)


def require_shallow(text: str | bytes) -> None:
    """Refuse what libyaml would read until the process ends for want of a stack.

    Raises:
        RecursionError: it is nested too deeply.
        yaml.YAMLError: it is no YAML.
    """
    depth = 0
    for event in yaml.parse(text, Loader=QUICK):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST_READ:
            raise RecursionError("nested too deeply")


class Source:
    """The content of a YAML file, with references filled in, and the lines it came from."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._root = self._compose()
        self._values = 0
        self._open: set[int] = set()
        self.data: Any = self._value(self._root, [])

    def error(self, path: Path_, message: str) -> FileError:
        """The error that says where in the file ``path`` is (or would be), and what is wrong."""
        shown = path_text(path)
        return FileError(self.file, self.line(path), f"{shown}: {message}" if shown else message)

    def _compose(self) -> yaml.Node | None:
        try:
            with self.file.open("rb") as opened:  # may be a pipe, which has no size
                content = opened.read(LARGEST_FILE + 1)
            if len(content) > LARGEST_FILE:
                raise FileError(self.file, 1, f"is larger than {LARGEST_FILE // 1_000_000} MB")
            return _composed(content.decode("utf-8-sig"))
        except OSError as error:
            raise FileError(self.file, 1, f"cannot be read: {error.strerror}") from None
        except RecursionError:
            raise FileError(self.file, 1, "is nested too deeply") from None
        except UnicodeDecodeError:
            raise FileError(self.file, 1, "is not UTF-8 text") from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise FileError(self.file, line, f"is not YAML: {error.problem}") from None
        except yaml.YAMLError as error:
            raise FileError(self.file, 1, f"is not YAML: {error}") from None

    def _value(self, node: yaml.Node | None, path: list[str | int]) -> Any:
        if node is None:
            return None
        self._values += 1
        if len(path) > DEEPEST:
            raise self.error(path[:3], "is nested too deeply")
        if self._values > MOST_VALUES:
            raise self.error(path, "the file's aliases multiply to too many values")
        if id(node) in self._open:
            raise self.error(path, "an alias refers to what it is part of")
        self._open.add(id(node))
        value = self._constructed(node, path)
        self._open.remove(id(node))
        return value

    def _constructed(self, node: yaml.Node, path: list[str | int]) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, [*path, number]) for number, item in enumerate(node.value)]
        self._refuse_old_numbers(node, path)
        try:
            value = SafeConstructor().construct_object(node, deep=True)
        except Exception:  # PyYAML lets IndexError, KeyError and others through
            raise self.error(
                path, f"{str(node.value)[:60]!r} is not a value of its kind; quote it"
            ) from None
        if value == STORED:
            return KEEP
        return self._filled_in(self._text(value, path), path) if isinstance(value, str) else value

    def _refuse_old_numbers(self, node: yaml.Node, path: Path_) -> None:
        """YAML 1.1 reads 0644 to base 8, and 22:30 to base 60; hardly anybody means that."""
        if node.tag in NUMBERS and (":" in node.value or OLD_OCTAL.fullmatch(node.value)):
            base = "60" if ":" in node.value else "8"
            hint = f'would be read as a number to base {base}: write "{node.value}" in quotes'
            raise self.error(path, f"{node.value} {hint}, or another number")

    def _text(self, text: str, path: Path_) -> str:
        """JSON writes what is beyond its 16 bits as two escapes; YAML's readers leave them two."""
        if not SURROGATE.search(text):
            return text
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise self.error(path, "has half of a character (a lone surrogate)") from None

    def _mapping(self, node: yaml.MappingNode, path: list[str | int]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: list[dict[str, Any]] = []
        for key_node, value_node in node.value:
            if key_node.tag == MERGE:
                merged += self._merged(value_node, path)
                continue
            key = self._text(str(key_node.value), path)
            if key in found:
                raise self.error([*path, key], "is given twice")
            found[key] = self._value(value_node, [*path, key])
        for each in merged:
            found = {**each, **found}
        return found

    def _merged(self, node: yaml.Node, path: list[str | int]) -> list[dict[str, Any]]:
        """What ``<<`` brings along; the first one counts where several have the same key."""
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if not all(isinstance(each, yaml.MappingNode) for each in nodes):
            raise self.error(path, "<< can only merge names with values")
        return [self._value(each, path) for each in nodes]

    def _filled_in(self, text: str, path: Path_) -> str:
        def fill(match: re.Match[str]) -> str:
            if match[0] == "$${":
                return "${"
            if match[1] is None:
                raise self.error(path, f"{text[match.start() :][:40]!r} {NOT_UNDERSTOOD}")
            kind, name = match[1], match[2].strip()
            try:
                told = config.variable(name) if kind == "env" else self._content(name)
                if not told:
                    raise Invalid(
                        f"{'the environment variable' if kind == 'env' else 'the file'} "
                        f"{name} is empty"
                    )
                return told
            except Invalid as error:
                raise self.error(path, str(error)) from None

        return REFERENCE.sub(fill, text)

    def _content(self, name: str) -> str:
        try:
            file = self.file.parent / name
            if file.exists() and not file.is_file():
                raise Invalid(f"{name} is not a file that can be read whole")
            with file.open("rb") as opened:
                content = opened.read(LARGEST_REFERENCE + 1)
            if len(content) > LARGEST_REFERENCE:
                raise Invalid(f"the file {name} is larger than {LARGEST_REFERENCE // 1000} kB")
            return content.decode("utf-8-sig").replace("\r\n", "\n").rstrip("\n")
        except OSError as error:
            raise Invalid(f"the file {name} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise Invalid(f"the file {name} is not UTF-8 text") from None
        except ValueError:
            raise Invalid(f"{name!r} is not the name of a file") from None

    def line(self, path: Path_) -> int:
        """The line of the innermost part of ``path`` that is in the file."""
        node, line = self._root, 1
        for part in path:
            step = _child(node, part)
            if step is None:
                break
            node, line = step
        return line


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        # The last one of that name: where a key is given twice, that is the one too many.
        for key_node, value_node in reversed(node.value):
            if str(key_node.value) == str(part):
                return value_node, key_node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part].start_mark.line + 1
    return None


def path_text(path: Path_) -> str:
    """``("hosts", 0, "name")`` as ``hosts[0].name``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def literal(text: str) -> str:
    """``text`` as it is written in a file so that nothing is filled in."""
    return text.replace("${", "$${")
