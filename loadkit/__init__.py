"""loadkit: a YAML file becomes load, and load becomes a verdict that can be trusted."""

__version__ = "0.1.0"
