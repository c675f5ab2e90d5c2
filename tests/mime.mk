# Tests of src/mime.
