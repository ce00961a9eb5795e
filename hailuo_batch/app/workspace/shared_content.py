"""Whether a shared ledger changed: one question. Light on purpose, since a run with nothing to do ends here."""

from contextlib import closing


def read_shared_content(url: str) -> str:
    """What stays the same as long as nothing is written there; its server, and that none took over, are part of it."""
    from hailuo_batch.ledger.postgres.connect import connect, translate_postgres_errors

    with translate_postgres_errors(url), closing(connect(url, name="read", password=read_password)) as connection:
        row = connection.execute("SELECT content_key()").fetchone()
    return str(row[0]) if row else ""


def read_password() -> str | None:
    """The ledger's password from the keyring; libpq itself looks into PGPASSWORD and ~/.pgpass first."""
    from hailuo_batch.load.api_keys import read_api_key

    return read_api_key("PGPASSWORD") or None
