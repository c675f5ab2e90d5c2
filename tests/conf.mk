# Tests of src/conf.
