"""Vivify brings a still portrait to life. See ``vivify.engine`` for the engine and ``vivify.cli`` for the commands."""

__version__ = "0.1.0"
