"""Alembic's entry: runs the register's migrations on the connection that `opening` hands over."""

from alembic import context

from dashboard.records.schema import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
