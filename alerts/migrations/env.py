"""Alembic's entry: runs the book's migrations on the connection that `database` hands over."""

from alembic import context

from alerts.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    version_table=context.config.attributes["version_table"],
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
