"""A copy of everything that the monitor keeps, taken while it runs, and the way back.

Databases are copied by SQLite's own online backup, so each copy is of one moment; everything else
is copied as it is. The archive names each file with its checksum, and is read back once before it
counts.
"""

import hashlib
import io
import json
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from devices.errors import CampusError

MANIFEST = "manifest.json"
VERSION = 1
LEFT_OUT = frozenset(("run", "log"))
"""What only matters while the services run."""
SIDE_FILES = ("-wal", "-shm", "-journal")
CONFIGURATION = ("safety_plan.toml", "safety_plan.tests.toml")

Progress = Callable[[str], None]


def back_up(
    target: Path, data: Path, site_file: Path, now: datetime, progress: Progress
) -> dict[str, str]:
    """Write the archive `target` (.tar.gz); the checksum of each file in it.

    Raises CampusError where something cannot be copied or does not read back; then there is no
    archive.
    """
    part = target.with_name(f"{target.name}.part")
    sums: dict[str, str] = {}
    try:
        with (
            tarfile.open(part, "w:gz", compresslevel=3) as archive,
            tempfile.TemporaryDirectory(dir=target.parent) as folder,
        ):
            for name, path in _sources(data, site_file):
                progress(name)
                copy = _copy(path, Path(folder)) if path.suffix == ".db" else path
                sums[name] = _checksum(copy)
                archive.add(copy, name)
                if copy != path:
                    copy.unlink()
            told = {"version": VERSION, "at": now.isoformat(), "files": sums}
            _add_text(archive, MANIFEST, json.dumps(told, indent=1))
        verify(part)
    except (OSError, sqlite3.Error, tarfile.TarError) as error:
        part.unlink(missing_ok=True)
        raise CampusError(
            f"no backup was made ({error}): look at the free space and the rights of both folders"
        ) from None
    except CampusError:
        part.unlink(missing_ok=True)
        raise
    part.rename(target)
    target.chmod(0o600)  # it holds passwords and keys
    return sums


def _sources(data: Path, site_file: Path) -> Iterator[tuple[str, Path]]:
    for path in (site_file, *(site_file.with_name(name) for name in CONFIGURATION)):
        if path.exists():
            yield f"config/{'campus.toml' if path == site_file else path.name}", path
    for path in sorted(data.rglob("*")):
        name = path.relative_to(data)
        if name.parts[0] in LEFT_OUT or not path.is_file() or path.is_symlink():
            continue
        if not path.name.endswith(SIDE_FILES) and ".tar.gz" not in path.name:
            yield f"data/{name}", path


def _copy(path: Path, folder: Path) -> Path:
    """A copy of a database as of one moment, checked."""
    copy = folder / "copy.db"
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(uri, uri=True, timeout=30)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
        (found,) = target.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise CampusError(f"{path} is damaged ({found}): no backup was made of it")
    return copy


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    data = text.encode()
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))


def verify(path: Path) -> dict[str, str]:
    """The checksums of an archive in which every file is as it was. Raises CampusError."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            found: dict[str, str] = {}
            told: dict[str, str] = {}
            for entry in archive:
                file = archive.extractfile(entry)
                if file is None:
                    continue
                if entry.name == MANIFEST:
                    told = _manifest(file.read())
                else:
                    found[entry.name] = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    except (OSError, tarfile.TarError, EOFError, ValueError) as error:
        raise CampusError(f"{path} is no whole backup ({error}): use another one") from None
    if not told or found != told:
        wrong = sorted(name for name in {*found, *told} if found.get(name) != told.get(name))
        raise CampusError(f"{path} is not whole ({', '.join(wrong[:3])}): use another one")
    return told


def _manifest(data: bytes) -> dict[str, str]:
    told = json.loads(data)
    if told.get("version") != VERSION:
        raise ValueError("it was written by a newer version of this program")
    return dict(told["files"])


def restore(archive: Path, data: Path, site_file: Path, now: datetime) -> Path | None:
    """Bring `data` and the configuration back; what was there is moved aside and named.

    Raises CampusError, with nothing changed, where the archive is not whole.
    """
    verify(archive)
    aside: Path | None = None
    fresh = data.with_name(f"{data.name}.restoring")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    with tarfile.open(archive, "r:gz") as opened:
        opened.extractall(fresh, filter="data")
    if data.exists() and any(data.iterdir()):
        aside = data.with_name(f"{data.name}.before-{now:%Y%m%dT%H%M%S}")
        data.rename(aside)
    elif data.exists():
        data.rmdir()
    (fresh / "data").mkdir(exist_ok=True)
    (fresh / "data").rename(data)
    for path in sorted((fresh / "config").glob("*")):
        target = site_file if path.name == "campus.toml" else site_file.with_name(path.name)
        if target.exists() and target.read_bytes() != path.read_bytes():
            target.rename(target.with_name(f"{target.name}.before-{now:%Y%m%dT%H%M%S}"))
        shutil.move(path, target)
    shutil.rmtree(fresh)
    return aside


def forget_old(folder: Path, now: datetime, days: int) -> list[Path]:
    """Remove backups of ours that are older than `days`: they hold what was purged since."""
    gone = []
    for path in sorted(folder.glob("campus-*.tar.gz")):
        try:
            stamp = f"{path.name}+0000"
            made = datetime.strptime(stamp, "campus-%Y%m%dT%H%M%S.tar.gz%z")
        except ValueError:
            continue
        if now - made > timedelta(days=days):
            path.unlink()
            gone.append(path)
    return gone
