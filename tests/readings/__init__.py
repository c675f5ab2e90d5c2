"""The classes of tests/readings.py. Importing registers them."""

from . import boundaries, codecs, fields, lines, names, packages, structure, transfer, volumes, zips  # noqa: F401
