# Tests of src/base.
BASE_DEPS = src/libbase.a $(CMOCKA_LIBS)

unit_tests += tests/unit/test_span tests/unit/test_buf tests/unit/test_arena tests/unit/test_log tests/unit/test_codec \
	tests/unit/test_pattern tests/unit/test_file
tests_unit_test_span_SOURCES = tests/unit/test_span.c
tests_unit_test_span_LDADD = $(BASE_DEPS)
tests_unit_test_buf_SOURCES = tests/unit/test_buf.c
tests_unit_test_buf_LDADD = $(BASE_DEPS)
tests_unit_test_arena_SOURCES = tests/unit/test_arena.c
tests_unit_test_arena_LDADD = $(BASE_DEPS)
tests_unit_test_log_SOURCES = tests/unit/test_log.c
tests_unit_test_log_LDADD = $(BASE_DEPS)
tests_unit_test_codec_SOURCES = tests/unit/test_codec.c
tests_unit_test_codec_LDADD = $(BASE_DEPS)
tests_unit_test_pattern_SOURCES = tests/unit/test_pattern.c
tests_unit_test_pattern_LDADD = $(BASE_DEPS)
tests_unit_test_file_SOURCES = tests/unit/test_file.c
tests_unit_test_file_LDADD = $(BASE_DEPS)
