"""Runs, their tags and their reports."""

import sqlalchemy as sa
from alembic import op

revision = "0001_runs"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("exit_code", sa.Integer, nullable=False),
        sa.Column("duration_s", sa.Double, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.Column("rate_per_s", sa.Double, nullable=False),
        sa.Column("p50_ms", sa.Double),
        sa.Column("p95_ms", sa.Double),
        sa.Column("p99_ms", sa.Double),
        sa.Column("error_rate", sa.Double),
        sa.Column("directory", sa.Text),
        sa.Column("report", sa.LargeBinary, nullable=False),
    )
    op.create_index("runs_by_start", "runs", ["started_at", "id"])
    op.create_index("runs_by_fingerprint", "runs", ["fingerprint", "started_at"])
    op.create_table(
        "run_tags",
        sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_index("run_tags_by_key", "run_tags", ["key", "value"])
