# Tests of src/mime.
MIME_DEPS = src/libmime.a src/libbase.a
MIME_UNIT_DEPS = $(MIME_DEPS) $(CMOCKA_LIBS)

unit_tests += tests/unit/test_header_fields
tests_unit_test_header_fields_SOURCES = tests/unit/test_header_fields.c
tests_unit_test_header_fields_LDADD = $(MIME_UNIT_DEPS)

unit_tests += tests/unit/test_imap_printed
tests_unit_test_imap_printed_SOURCES = tests/unit/test_imap_printed.c
tests_unit_test_imap_printed_LDADD = $(MIME_UNIT_DEPS)

unit_tests += tests/unit/test_mime_address
tests_unit_test_mime_address_SOURCES = tests/unit/test_mime_address.c
tests_unit_test_mime_address_LDADD = $(MIME_UNIT_DEPS)

unit_tests += tests/unit/test_mime_bodies
tests_unit_test_mime_bodies_SOURCES = tests/unit/test_mime_bodies.c
tests_unit_test_mime_bodies_LDADD = $(MIME_UNIT_DEPS)

unit_tests += tests/unit/test_mime_boundary
tests_unit_test_mime_boundary_SOURCES = tests/unit/test_mime_boundary.c
tests_unit_test_mime_boundary_LDADD = $(MIME_UNIT_DEPS)

unit_tests += tests/unit/test_mime_charset
tests_unit_test_mime_charset_SOURCES = tests/unit/test_mime_charset.c
tests_unit_test_mime_charset_LDADD = $(MIME_UNIT_DEPS)

unit_tests += tests/unit/test_mime_embedded
tests_unit_test_mime_embedded_SOURCES = tests/unit/test_mime_embedded.c
tests_unit_test_mime_embedded_LDADD = $(MIME_UNIT_DEPS)

unit_tests += tests/unit/test_mime_field
tests_unit_test_mime_field_SOURCES = tests/unit/test_mime_field.c
tests_unit_test_mime_field_LDADD = $(MIME_UNIT_DEPS)

unit_tests += tests/unit/test_mime_golden
tests_unit_test_mime_golden_SOURCES = tests/unit/test_mime_golden.c tests/unit/mime_dump.c tests/unit/mime_dump.h
tests_unit_test_mime_golden_LDADD = $(MIME_UNIT_DEPS)

unit_tests += tests/unit/test_mime_mailbox
tests_unit_test_mime_mailbox_SOURCES = tests/unit/test_mime_mailbox.c
tests_unit_test_mime_mailbox_LDADD = $(MIME_UNIT_DEPS)

unit_tests += tests/unit/test_mime_message
tests_unit_test_mime_message_SOURCES = tests/unit/test_mime_message.c
tests_unit_test_mime_message_LDADD = $(MIME_UNIT_DEPS)

unit_tests += tests/unit/test_mime_readings
tests_unit_test_mime_readings_SOURCES = tests/unit/test_mime_readings.c
tests_unit_test_mime_readings_LDADD = $(MIME_UNIT_DEPS)

unit_tests += tests/unit/test_mime_transfer
tests_unit_test_mime_transfer_SOURCES = tests/unit/test_mime_transfer.c
tests_unit_test_mime_transfer_LDADD = $(MIME_UNIT_DEPS)

fuzz_targets += tests/fuzz/fuzz_mime
tests_fuzz_fuzz_mime_SOURCES = tests/fuzz/fuzz_mime.c
tests_fuzz_fuzz_mime_LDADD = $(MIME_DEPS)
tests_fuzz_fuzz_mime_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

fuzz_targets += tests/fuzz/fuzz_decode
tests_fuzz_fuzz_decode_SOURCES = tests/fuzz/fuzz_decode.c
tests_fuzz_fuzz_decode_LDADD = $(MIME_DEPS)
tests_fuzz_fuzz_decode_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

fuzz_targets += tests/fuzz/fuzz_words
tests_fuzz_fuzz_words_SOURCES = tests/fuzz/fuzz_words.c
tests_fuzz_fuzz_words_LDADD = $(MIME_DEPS)
tests_fuzz_fuzz_words_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

fuzz_targets += tests/fuzz/fuzz_binhex
tests_fuzz_fuzz_binhex_SOURCES = tests/fuzz/fuzz_binhex.c
tests_fuzz_fuzz_binhex_LDADD = $(MIME_DEPS)
tests_fuzz_fuzz_binhex_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

fuzz_targets += tests/fuzz/fuzz_bodies
tests_fuzz_fuzz_bodies_SOURCES = tests/fuzz/fuzz_bodies.c
tests_fuzz_fuzz_bodies_LDADD = $(MIME_DEPS)
tests_fuzz_fuzz_bodies_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

fuzz_targets += tests/fuzz/fuzz_yenc
tests_fuzz_fuzz_yenc_SOURCES = tests/fuzz/fuzz_yenc.c
tests_fuzz_fuzz_yenc_LDADD = $(MIME_DEPS)
tests_fuzz_fuzz_yenc_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

fuzz_targets += tests/fuzz/fuzz_mailbox
tests_fuzz_fuzz_mailbox_SOURCES = tests/fuzz/fuzz_mailbox.c
tests_fuzz_fuzz_mailbox_LDADD = $(MIME_DEPS)
tests_fuzz_fuzz_mailbox_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer

fuzz_targets += tests/fuzz/fuzz_address
tests_fuzz_fuzz_address_SOURCES = tests/fuzz/fuzz_address.c
tests_fuzz_fuzz_address_LDADD = $(MIME_DEPS)
tests_fuzz_fuzz_address_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/address.dict tests/fuzz/corpus/address
EXTRA_DIST += tests/fuzz/mailbox.dict tests/fuzz/corpus/mailbox

EXTRA_DIST += tests/fuzz/binhex.dict tests/fuzz/bodies.dict tests/fuzz/yenc.dict \
	tests/fuzz/corpus/binhex tests/fuzz/corpus/bodies tests/fuzz/corpus/yenc
EXTRA_DIST += tests/golden/mime tests/fuzz/mime.dict tests/fuzz/decode.dict tests/fuzz/words.dict \
	tests/fuzz/corpus/mime tests/fuzz/corpus/decode tests/fuzz/corpus/words
