# Tests of src/rule.
unit_tests += tests/unit/test_html
tests_unit_test_html_SOURCES = tests/unit/test_html.c
tests_unit_test_html_LDADD = src/librule.a src/libbase.a $(CMOCKA_LIBS)

fuzz_targets += tests/fuzz/fuzz_html tests/fuzz/fuzz_uri
tests_fuzz_fuzz_html_SOURCES = tests/fuzz/fuzz_html.c
tests_fuzz_fuzz_html_LDADD = src/librule.a src/libbase.a
tests_fuzz_fuzz_html_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_uri_SOURCES = tests/fuzz/fuzz_uri.c
tests_fuzz_fuzz_uri_LDADD = src/librule.a src/libbase.a
tests_fuzz_fuzz_uri_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/html.dict tests/fuzz/uri.dict tests/fuzz/corpus/html tests/fuzz/corpus/uri
