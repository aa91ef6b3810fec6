"""What runs took from the error budgets of objectives."""

import sqlalchemy as sa
from alembic import op

revision = "0003_slo_debits"
down_revision = "0002_baselines"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "slo_debits",
        sa.Column("slo", sa.Text, primary_key=True),
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_target", sa.Text, nullable=False),
        sa.Column("good", sa.BigInteger, nullable=False),
        sa.Column("bad", sa.BigInteger, nullable=False),
        sa.Column("objective", sa.Double, nullable=False),
        sa.Column("window_s", sa.Double, nullable=False),
        sa.Column("expected_events", sa.BigInteger, nullable=False),
        sa.Column("share", sa.Double, nullable=False),
        sa.Column("alerts", sa.Text, nullable=False),
    )
