"""Section: a blueprint whose every path names the permission it needs, and describes itself."""

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TypeVar, cast

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from dashboard.parts import Parts
from dashboard.roles import Permission

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


@dataclass(frozen=True, slots=True)
class Described:
    """What the OpenAPI document says of a path beside its docstring."""

    query: Mapping[str, str]
    body: Mapping[str, str]


class Section(Blueprint):
    """`path` is `route` with `needs`; None means open to everybody, and has to be said."""

    def __init__(self, name: str, import_name: str, url_prefix: str = "") -> None:
        super().__init__(name, import_name, url_prefix=url_prefix or None)
        self.needs: dict[str, Permission | None] = {}
        self.described: dict[str, Described] = {}
        self.bulky: set[str] = set()
        """Endpoints that take a photo or a file."""

    def path(
        self,
        rule: str,
        needs: Permission | None,
        methods: Sequence[str] = ("GET",),
        query: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
        bulky: bool = False,
    ) -> Callable[[View], View]:
        """Register a view; `query` and `body` explain its parameters to programs. What is not
        `bulky` may be asked with 1 MB at most."""

        def add(view: View) -> View:
            endpoint = f"{self.name}.{view.__name__}"
            self.needs[endpoint] = needs
            self.described[endpoint] = Described(query or {}, body or {})
            if bulky:
                self.bulky.add(endpoint)
            self.add_url_rule(rule, view.__name__, view, methods=list(methods))
            return view

        return add


def discover(*packages: ModuleType) -> tuple[Section, ...]:
    """The `section` of every module in these packages that has one: a new page is a new file."""
    modules = (
        import_module(f"{package.__name__}.{info.name}")
        for package in packages
        for info in pkgutil.iter_modules(package.__path__)
    )
    found = (getattr(module, "section", None) for module in modules)
    return tuple(section for section in found if isinstance(section, Section))


def parts() -> Parts:
    """What this application was created with."""
    return cast(Parts, current_app.extensions["campus"])
