# Tests of src/rewrite and src/scan.
unit_tests += tests/unit/test_edit
tests_unit_test_edit_SOURCES = tests/unit/test_edit.c
tests_unit_test_edit_LDADD = src/librewrite.a src/libbase.a $(CMOCKA_LIBS)

unit_tests += tests/unit/test_compose
tests_unit_test_compose_SOURCES = tests/unit/test_compose.c
tests_unit_test_compose_LDADD = $(UNIT_DEPS)

unit_tests += tests/unit/test_request
tests_unit_test_request_SOURCES = tests/unit/test_request.c
tests_unit_test_request_LDADD = $(UNIT_DEPS)

unit_tests += tests/unit/test_scan
tests_unit_test_scan_SOURCES = tests/unit/test_scan.c
tests_unit_test_scan_LDADD = $(UNIT_DEPS)

unit_tests += tests/unit/test_told
tests_unit_test_told_SOURCES = tests/unit/test_told.c
tests_unit_test_told_LDADD = $(UNIT_DEPS)

unit_tests += tests/unit/test_withhold
tests_unit_test_withhold_SOURCES = tests/unit/test_withhold.c
tests_unit_test_withhold_LDADD = $(UNIT_DEPS)

fuzz_targets += tests/fuzz/fuzz_compose
tests_fuzz_fuzz_compose_SOURCES = tests/fuzz/fuzz_compose.c
tests_fuzz_fuzz_compose_LDADD = $(CORE_LIBS) $(CORE_DEPS)
tests_fuzz_fuzz_compose_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/compose.dict tests/fuzz/corpus/compose

# Its dictionary is that of fuzz_compose.
fuzz_targets += tests/fuzz/fuzz_scan
tests_fuzz_fuzz_scan_SOURCES = tests/fuzz/fuzz_scan.c
tests_fuzz_fuzz_scan_LDADD = $(CORE_LIBS) $(CORE_DEPS)
tests_fuzz_fuzz_scan_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/corpus/scan

fuzz_targets += tests/fuzz/fuzz_request
tests_fuzz_fuzz_request_SOURCES = tests/fuzz/fuzz_request.c
tests_fuzz_fuzz_request_LDADD = src/libscan.a src/librewrite.a src/libwire.a src/libbase.a
tests_fuzz_fuzz_request_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/request.dict \
	tests/fuzz/corpus/request/answer \
	tests/fuzz/corpus/request/answer-in-place \
	tests/fuzz/corpus/request/answer-told \
	tests/fuzz/corpus/request/request

fuzz_targets += tests/fuzz/fuzz_told
tests_fuzz_fuzz_told_SOURCES = tests/fuzz/fuzz_told.c
tests_fuzz_fuzz_told_LDADD = $(CORE_LIBS) $(CORE_DEPS)
tests_fuzz_fuzz_told_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/told.dict tests/fuzz/corpus/told

fuzz_targets += tests/fuzz/fuzz_withhold
tests_fuzz_fuzz_withhold_SOURCES = tests/fuzz/fuzz_withhold.c
tests_fuzz_fuzz_withhold_LDADD = $(CORE_LIBS) $(CORE_DEPS)
tests_fuzz_fuzz_withhold_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/withhold.dict tests/fuzz/corpus/withhold

TESTS += tests/rewrite_golden.py
EXTRA_DIST += tests/rewrite_golden.py tests/golden/rewrite

# Twice the work for twice the message, by callgrind.
check_PROGRAMS += tests/count_scan
tests_count_scan_SOURCES = tests/count_scan.c
tests_count_scan_LDADD = $(CORE_LIBS) $(CORE_DEPS)
TESTS += tests/linear.py
EXTRA_DIST += tests/linear.py

# Begins with the messages of fuzz_mime.
fuzz_targets += tests/fuzz/fuzz_renew
tests_fuzz_fuzz_renew_SOURCES = tests/fuzz/fuzz_renew.c
tests_fuzz_fuzz_renew_LDADD = $(CORE_LIBS) $(CORE_DEPS)
tests_fuzz_fuzz_renew_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/corpus/renew

unit_tests += tests/unit/test_preserve
tests_unit_test_preserve_SOURCES = tests/unit/test_preserve.c tests/unit/preserve_check.c tests/unit/preserve_check.h
tests_unit_test_preserve_LDADD = $(UNIT_DEPS)
EXTRA_DIST += tests/golden/preserve

# Its dictionary is that of fuzz_compose.
fuzz_targets += tests/fuzz/fuzz_preserve
tests_fuzz_fuzz_preserve_SOURCES = tests/fuzz/fuzz_preserve.c tests/unit/preserve_check.c tests/unit/preserve_check.h
tests_fuzz_fuzz_preserve_LDADD = $(CORE_LIBS) $(CORE_DEPS)
tests_fuzz_fuzz_preserve_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/corpus/preserve
