# Tests of src/rule.
