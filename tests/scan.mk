# Tests of src/scan.
