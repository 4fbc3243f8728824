"""Name -> class, so that a new driver, rule or channel is one new file."""

import difflib
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Mapping[str, type[T]], Generic[T]):
    """The classes of one family by name; fills itself from the modules of a package.

    Asked for one name it imports the module of that name alone, so that a node loads only the
    drivers it has. A name that is taken already is a TypeError, never an overwrite.
    """

    def __init__(self, what: str, package: str) -> None:
        self._what = what
        self._package = package
        self._classes: dict[str, type[T]] = {}
        self._discovered = False

    def register(self, name: str) -> Callable[[type[T]], type[T]]:
        """Class decorator that enters the class under `name`."""

        def enter(cls: type[T]) -> type[T]:
            taken = self._classes.get(name)
            if taken is not None:
                raise TypeError(f"{self._what} {name!r} is both {taken!r} and {cls!r}")
            self._classes[name] = cls
            return cls

        return enter

    def _discover(self) -> None:
        if self._discovered:
            return
        self._discovered = True
        package: ModuleType = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__, self._package + "."):
            importlib.import_module(module.name)

    def nearest(self, name: str) -> str | None:
        """The known name that looks most like `name`, for error messages."""
        self._discover()
        return next(iter(difflib.get_close_matches(name, self._classes, n=1)), None)

    def _seek(self, name: str) -> None:
        module = name.replace("-", "_")
        if name in self._classes or self._discovered or not module.isidentifier():
            return
        full = f"{self._package}.{module}"
        if importlib.util.find_spec(full) is not None:
            importlib.import_module(full)

    def __getitem__(self, name: str) -> type[T]:
        self._seek(name)
        if name not in self._classes:
            self._discover()
        return self._classes[name]

    def __iter__(self) -> Iterator[str]:
        self._discover()
        return iter(sorted(self._classes))

    def __len__(self) -> int:
        self._discover()
        return len(self._classes)
