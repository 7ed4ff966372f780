"""A database URI with user, password and host whose database is a file: `postgresql+file://u:PW@host/mlflow.db`.

To gdlab, Hydra and MLflow it is a PostgreSQL server's, whose driver SQLAlchemy knows once this module is imported.
"""

from __future__ import annotations

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.pool import QueuePool


class Dialect(SQLiteDialect_pysqlite):
    """SQLite's, but for what the URI says."""

    supports_statement_cache = True

    def create_connect_args(self, url):
        return [url.database], {}

    def connect(self, *arguments, **options):
        return super().connect(*arguments, check_same_thread=False)  # without a server's options

    def get_isolation_level_values(self, connection):
        return ["REPEATABLE READ", *super().get_isolation_level_values(connection)]

    def set_isolation_level(self, connection, level):
        pass

    @classmethod
    def get_pool_class(cls, url):
        return QueuePool


registry.register("postgresql.file", __name__, "Dialect")
