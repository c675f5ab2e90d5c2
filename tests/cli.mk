# Tests of src/cli.
TESTS += tests/cli.py
EXTRA_DIST += tests/cli.py tests/data/contract/gatepost.yaml tests/data/contract/rules.yaml \
	tests/data/contract/scan.jsonl
