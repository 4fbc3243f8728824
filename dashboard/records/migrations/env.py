"""Alembic's entry: runs the register's migrations on the connection that `database` hands over."""

from alembic import context

from dashboard.records.schema import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    version_table=context.config.attributes["version_table"],
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
