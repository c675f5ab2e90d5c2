"""The classes of tests/readings.py. Importing registers them."""

from . import boundaries, fields, structure, transfer  # noqa: F401
