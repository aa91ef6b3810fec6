"""Baselines, the runs in them, and how much runs of a scenario differ by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0002_baselines"
down_revision = "0001_runs"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "baselines",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("size", sa.Integer),
        sa.Column("fingerprint", sa.Text),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "baseline_runs",
        sa.Column("baseline", sa.Text, sa.ForeignKey("baselines.name", ondelete="CASCADE"), primary_key=True),
        sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("current", sa.Boolean, nullable=False),
        sa.Column("first", sa.Boolean, nullable=False),
    )
    op.create_index("baseline_runs_by_run", "baseline_runs", ["run_id"])
    op.create_table(
        "noise",
        sa.Column("fingerprint", sa.Text, primary_key=True),
        sa.Column("tau", sa.Double, nullable=False),
        sa.Column("runs", sa.Integer, nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
    )
