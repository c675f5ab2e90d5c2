# Tests of src/wire.
