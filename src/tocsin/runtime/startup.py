"""Making Django ready in a process that is not a web server: the command line, the engine, the workers."""

import os
from pathlib import Path

from tocsin.kernel.errors import ConfigurationError


def start(*, config: Path | None = None, needs_database: bool = True) -> None:
    """Set Django up with the configuration of `config` (or `TOCSIN_CONFIG`, or none).

    Raises `ConfigurationError` for a bad configuration and, where the database is needed, when it is not at this
    version.
    """
    import django

    if config is not None:
        os.environ["TOCSIN_CONFIG"] = str(config.resolve())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.runtime.settings")
    django.setup()
    if needs_database:
        require_migrated()


def require_migrated() -> None:
    """Raise `ConfigurationError` when the database lacks a migration."""
    missing = pending_migrations()
    if missing:
        raise ConfigurationError(
            "database.not_migrated",
            f"The database is not at this version ({len(missing)} migrations are missing, first {missing[0]}).",
            hint="Run `tocsin migrate` (or `tocsin serve`, which does it first).",
        )


def pending_migrations() -> list[str]:
    """Return the migrations that the database lacks, as `app.name`, in the order in which they must run."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def migrate() -> list[str]:
    """Bring the database to this version and return the migrations that were run."""
    from django.core.management import call_command

    missing = pending_migrations()
    if missing:
        call_command("migrate", interactive=False, verbosity=0)
    return missing
