# What the documents say is tried.
TESTS += tests/readme.py
EXTRA_DIST += tests/readme.py tests/data/readme
