# Tests of src/rewrite and src/scan.
unit_tests += tests/unit/test_edit
tests_unit_test_edit_SOURCES = tests/unit/test_edit.c
tests_unit_test_edit_LDADD = src/librewrite.a src/libbase.a $(CMOCKA_LIBS)
