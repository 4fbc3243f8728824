"""Opens a database of people's records: its own settings, and its migrations before first use."""

import sqlite3
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from devices.errors import CampusError


class RecordsError(CampusError):
    """A database of records cannot be used; says which and what to do."""


def open_database(url: str, setting: str, migrations: Path, versions: str) -> Engine:
    """The database of `url` in its newest form. Raises RecordsError.

    `setting` names it in messages. `versions` is the table that Alembic keeps its state in: two
    sets of tables may lie in one PostgreSQL database.
    """
    engine = connect(url, setting)
    try:
        _migrate(engine, migrations, versions)
    except SQLAlchemyError as error:
        engine.dispose()
        raise RecordsError(trouble(url, error)) from error
    return engine


def file_of(url: str) -> Path | None:
    """The file of an SQLite database."""
    database = make_url(url).database if url.startswith("sqlite") else None
    return Path(database) if database and database != ":memory:" else None


def connect(url: str, setting: str) -> Engine:
    """The database as it is; nothing is made. Raises RecordsError where the address is none."""
    try:
        engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise RecordsError(
            f"{setting} is no database address ({error}): use sqlite:///PATH or "
            "postgresql+psycopg://USER@HOST/NAME"
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def trouble(url: str, error: Exception) -> str:
    """What is wrong with the database, without its password."""
    shown = make_url(url).render_as_string(hide_password=True)
    return (
        f"the records {shown} cannot be used: {error.__cause__ or error}; check that the folder "
        "can be written and the disk has room, or that the database server runs"
    )


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    cursor = connection.cursor()
    for setting in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _migrate(engine: Engine, migrations: Path, versions: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.set_main_option("path_separator", "os")
    newest = ScriptDirectory.from_config(config).get_current_head()
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": versions})
        if context.get_current_revision() == newest:
            return
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        config.attributes["version_table"] = versions
        command.upgrade(config, "head")
