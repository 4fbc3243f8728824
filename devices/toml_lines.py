"""Where each setting of a TOML file stands: the parser of Python's library tells no lines."""

import re
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from devices.errors import Problem

Step = str | int
Lines = dict[tuple[Step, ...], int]

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]\}\n#]*")
_STRINGS = (
    re.compile(r'"""(?:\\.|[^\\])*?"""', re.DOTALL), re.compile(r"'''.*?'''", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\])*"'), re.compile(r"'[^']*'"),
)  # fmt: skip


class _Scanner:
    """Reads text that is known to be valid TOML, for nothing but the lines of its keys."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._ends = [found.start() for found in re.finditer("\n", text)]
        self.lines: Lines = {}
        self._counts: dict[tuple[Step, ...], int] = {}

    def run(self) -> Lines:
        table: tuple[Step, ...] = ()
        while self._skip():
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._setting(table)
        return self.lines

    def _skip(self) -> bool:
        found = _SPACE.match(self._text, self._at)
        assert found is not None
        self._at = found.end()
        return self._at < len(self._text)

    def _mark(self, path: tuple[Step, ...], at: int) -> None:
        self.lines.setdefault(path, bisect(self._ends, at - 1) + 1)

    def _header(self) -> tuple[Step, ...]:
        begin = self._at
        several = self._text.startswith("[[", begin)
        self._at += 2 if several else 1
        names = self._keys()
        self._at = self._text.index("]", self._at) + (2 if several else 1)
        path: tuple[Step, ...] = ()
        for place, name in enumerate(names):
            path = (*path, name)
            if several and place == len(names) - 1:
                self._counts[path] = self._counts.get(path, -1) + 1
            if path in self._counts:
                path = (*path, self._counts[path])
            self._mark(path, begin)
        return path

    def _keys(self) -> list[str]:
        names = []
        while True:
            self._skip()
            names.append(self._key())
            self._skip()
            if not self._text.startswith(".", self._at):
                return names
            self._at += 1

    def _key(self) -> str:
        text = self._string()
        if text is not None:
            return text[1:-1]
        found = _KEY.match(self._text, self._at)
        if found is None:
            raise ValueError(f"no key at {self._at}")
        self._at = found.end()
        return found[0]

    def _string(self) -> str | None:
        for form in _STRINGS:
            found = form.match(self._text, self._at)
            if found is not None:
                self._at = found.end()
                return found[0]
        return None

    def _setting(self, table: tuple[Step, ...]) -> None:
        self._skip()
        begin, path = self._at, table
        for name in self._keys():
            path = (*path, name)
            self._mark(path, begin)
        self._at = self._text.index("=", self._at) + 1
        self._skip()
        self._value(path)

    def _value(self, path: tuple[Step, ...]) -> None:
        if self._string() is not None:
            return
        if self._text.startswith("[", self._at):
            self._several(path, "]")
        elif self._text.startswith("{", self._at):
            self._several(path, "}")
        else:
            found = _SCALAR.match(self._text, self._at)
            assert found is not None
            self._at = found.end()

    def _several(self, path: tuple[Step, ...], end: str) -> None:
        """An array or an inline table."""
        self._at += 1
        count = 0
        while True:
            self._skip()
            if self._text.startswith(end, self._at):
                self._at += 1
                return
            if self._text.startswith(",", self._at):
                self._at += 1
            elif end == "]":
                self._mark((*path, count), self._at)
                self._value((*path, count))
                count += 1
            else:
                self._setting(path)


def with_lines(problems: Sequence[Problem], path: Path, data: Mapping[str, Any]) -> list[Problem]:
    """The problems of a file in its order, each with its line, or that of the table it lies in."""
    try:
        lines = _Scanner(path.read_text("utf-8")).run()
    except (OSError, ValueError, AssertionError):
        return list(problems)
    found = [replace(each, line=_line(each.where, lines, data)) for each in problems]
    return sorted(found, key=lambda each: each.line)


_STEP = re.compile(r'([^.\[\s"]+)|\[(\d+)(?: "[^"]*")?\]|\s"([^"]*)"|\.')


def _line(where: str, lines: Lines, data: Any) -> int:
    """0 where nothing of it is found."""
    path: tuple[Step, ...] = ()
    best = 0
    for found in _STEP.finditer(where):
        name, number, identity = found.groups()
        if name is None and number is None and identity is None:
            continue
        step: Step | None = name
        if number is not None:
            step = int(number) - 1
        elif identity is not None:
            step = _index(data, identity)
        if step is None:
            break
        path = (*path, step)
        best = lines.get(path, best)
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            data = None
    return best


def _index(rows: Any, identity: str) -> int | None:
    """The row of that id or name."""
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(row, Mapping) and identity in (row.get("id"), row.get("name")):
            return number
    return None
