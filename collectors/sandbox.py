"""The cage in which strangers' templates run: a process of its own, the only one with jinja2 here.

Reads one JSON request a line, answers one a line. The kernel ends it when a template computes too
long (a timer of processor time, which no loop and no C code escapes) and gives it little memory;
within, Jinja's immutable sandbox keeps it from attributes, and sizes are limited beside.
"""

import json
import math
import re
import resource
import signal
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import jinja2.sandbox
import orjson
from jinja2 import TemplateError, Undefined
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from collectors.sandbox_filters import FILTERS, Refusal

COMPUTING_S = 0.25
"""Processor time of one template."""
MEMORY = 256 * 2**20
MAX_OUTPUT = 4096
MAX_TEXT = 64 * 1024
"""Characters of a text that is made on the way."""
MAX_RANGE = 1000
MAX_BITS = 4096
REMEMBERED = 500

_FILTERS = frozenset(
    ("abs", "attr", "batch", "capitalize", "count", "d", "default", "dictsort", "escape", "e",
     "first", "float", "format", "groupby", "int", "items", "join", "last", "length", "list",
     "lower", "map", "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "safe",
     "select", "selectattr", "slice", "sort", "string", "striptags", "sum", "title", "tojson",
     "trim", "truncate", "unique", "upper", "urlencode", "wordcount")
)  # fmt: skip
_GLOBALS = (
    "float", "int", "bool", "iif", "is_number", "as_datetime", "as_timestamp", "average", "sqrt",
    "sin", "cos", "tan", "log",
)  # fmt: skip
_WIDE = re.compile(r"%[-+ #0]*(?:\*|\d{4,})|%[^a-zA-Z%]*\.(?:\*|\d{4,})")


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox with limits on what operators may make."""

    intercepted_binops = frozenset(("*", "**", "%", "+", "/", "//"))

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        # Jinja would print nothing for it; a reason is better.
        raise SecurityError(f"the attribute {attribute[:40]!r}")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator in ("*", "+"):
            _limit_size(operator, left, right)
        elif operator == "**" and isinstance(left, int) and isinstance(right, int):
            if abs(left).bit_length() * abs(right) > MAX_BITS:
                raise Refusal("a power of too many digits")
        elif operator == "%" and isinstance(left, str) and _WIDE.search(left):
            raise Refusal("a text that is too long")
        return super().call_binop(context, operator, left, right)


def _limit_size(operator: str, left: Any, right: Any) -> None:
    sizes = [len(side) for side in (left, right) if isinstance(side, str | list | tuple | bytes)]
    if operator == "+":
        total = sum(sizes)
    elif sizes:
        counts = [side for side in (left, right) if isinstance(side, int)]
        total = sizes[0] * max(counts, default=0)
    elif isinstance(left, int) and isinstance(right, int):
        total = 0
        if left.bit_length() + right.bit_length() > MAX_BITS:
            raise Refusal("a number of too many digits")
    else:
        return
    if total > MAX_TEXT:
        raise Refusal("a text that is too long")


def _is_defined(value: Any) -> Any:
    if isinstance(value, Undefined):
        raise Refusal("a part of the message that is not there")
    return value


def environment() -> _Environment:
    """The sandbox with the filters, tests and names that templates of devices use."""
    jinja2.sandbox.MAX_RANGE = MAX_RANGE
    made = _Environment(optimized=False, cache_size=0)
    made.filters = {name: made.filters[name] for name in _FILTERS} | FILTERS
    made.filters["is_defined"] = _is_defined
    made.tests |= {name: FILTERS[name] for name in ("is_number", "contains")}
    made.tests |= {"match": FILTERS["regex_match"], "search": FILTERS["regex_search"]}
    made.globals = {
        "range": made.globals["range"], "namespace": made.globals["namespace"], "dict": dict,
        "pi": math.pi, "e": math.e, "max": max, "min": min, "timedelta": timedelta,
        "now": lambda: datetime.now().astimezone(), "utcnow": lambda: datetime.now(UTC), "this": {},
        **{name: FILTERS[name] for name in _GLOBALS},
    }  # fmt: skip
    return made


class Cage:
    """Compiles and renders, one request at a time."""

    def __init__(self) -> None:
        self._environment = environment()
        self._compiled: dict[str, Any] = {}

    def answer(self, request: dict[str, Any]) -> dict[str, str]:
        """`out`, or `no` with the reason."""
        try:
            return {"out": self._render(request)}
        except SecurityError as error:
            return {"no": f"the template asks for what is not given: {_short(error)}"}
        except Refusal as error:
            return {"no": f"the template makes or meets {_short(error)}"}
        except TemplateError as error:
            return {"no": f"the template does not work: {_short(error)}"}
        except MemoryError:
            return {"no": "the template needs too much memory"}
        except RecursionError:
            return {"no": "the template is nested too deep"}
        except Exception as error:  # whatever a stranger's template makes Python raise
            return {"no": f"the template does not work: {type(error).__name__} {_short(error)}"}

    def _render(self, request: dict[str, Any]) -> str:
        text = request["template"]
        template = self._compiled.get(text)
        if template is None:
            if len(self._compiled) >= REMEMBERED:
                self._compiled.clear()
            template = self._compiled[text] = self._environment.from_string(text)
        variables = {"value": request["value"]}
        if "json" in request:
            variables["value_json"] = request["json"]
        made, size = [], 0
        for piece in template.generate(variables):
            size += len(piece)
            if size > MAX_OUTPUT:
                raise Refusal(f"more than {MAX_OUTPUT:,} characters")
            made.append(piece)
        return "".join(made)


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:160]


def main() -> None:
    """Until standard input ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    cage = Cage()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for line in sys.stdin.buffer:
        # No handler: the kernel ends the process, even in the middle of one long operation.
        signal.setitimer(signal.ITIMER_PROF, COMPUTING_S)
        answer = cage.answer(orjson.loads(line))
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
