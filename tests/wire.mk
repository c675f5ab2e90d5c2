# Tests of src/wire.
WIRE_DEPS = src/libwire.a src/libbase.a $(CMOCKA_LIBS)

unit_tests += tests/unit/test_smtp_command tests/unit/test_smtp_reply tests/unit/test_mail_data tests/unit/test_sasl
tests_unit_test_smtp_command_SOURCES = tests/unit/test_smtp_command.c
tests_unit_test_smtp_command_LDADD = $(WIRE_DEPS)
tests_unit_test_smtp_reply_SOURCES = tests/unit/test_smtp_reply.c
tests_unit_test_smtp_reply_LDADD = $(WIRE_DEPS)
tests_unit_test_mail_data_SOURCES = tests/unit/test_mail_data.c
tests_unit_test_mail_data_LDADD = $(WIRE_DEPS)
tests_unit_test_sasl_SOURCES = tests/unit/test_sasl.c
tests_unit_test_sasl_LDADD = $(WIRE_DEPS)

fuzz_targets += tests/fuzz/fuzz_smtp_command tests/fuzz/fuzz_smtp_reply tests/fuzz/fuzz_mail_data tests/fuzz/fuzz_sasl
tests_fuzz_fuzz_smtp_command_SOURCES = tests/fuzz/fuzz_smtp_command.c
tests_fuzz_fuzz_smtp_command_LDADD = src/libwire.a src/libbase.a
tests_fuzz_fuzz_smtp_command_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_smtp_reply_SOURCES = tests/fuzz/fuzz_smtp_reply.c
tests_fuzz_fuzz_smtp_reply_LDADD = src/libwire.a src/libbase.a
tests_fuzz_fuzz_smtp_reply_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_mail_data_SOURCES = tests/fuzz/fuzz_mail_data.c
tests_fuzz_fuzz_mail_data_LDADD = src/libwire.a src/libbase.a
tests_fuzz_fuzz_mail_data_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_sasl_SOURCES = tests/fuzz/fuzz_sasl.c
tests_fuzz_fuzz_sasl_LDADD = src/libwire.a src/libbase.a
tests_fuzz_fuzz_sasl_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/smtp_command.dict tests/fuzz/smtp_reply.dict tests/fuzz/mail_data.dict tests/fuzz/sasl.dict \
	tests/fuzz/corpus/smtp_command tests/fuzz/corpus/smtp_reply tests/fuzz/corpus/mail_data tests/fuzz/corpus/sasl

unit_tests += tests/unit/test_clamd
tests_unit_test_clamd_SOURCES = tests/unit/test_clamd.c
tests_unit_test_clamd_LDADD = $(WIRE_DEPS)
fuzz_targets += tests/fuzz/fuzz_clamd
tests_fuzz_fuzz_clamd_SOURCES = tests/fuzz/fuzz_clamd.c
tests_fuzz_fuzz_clamd_LDADD = src/libwire.a src/libbase.a
tests_fuzz_fuzz_clamd_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/clamd.dict tests/fuzz/corpus/clamd

unit_tests += tests/unit/test_pop3_command tests/unit/test_pop3_reply tests/unit/test_pop3_listing \
	tests/unit/test_pop3_offers
tests_unit_test_pop3_command_SOURCES = tests/unit/test_pop3_command.c
tests_unit_test_pop3_command_LDADD = $(WIRE_DEPS)
tests_unit_test_pop3_reply_SOURCES = tests/unit/test_pop3_reply.c
tests_unit_test_pop3_reply_LDADD = $(WIRE_DEPS)
tests_unit_test_pop3_listing_SOURCES = tests/unit/test_pop3_listing.c
tests_unit_test_pop3_listing_LDADD = $(WIRE_DEPS)
tests_unit_test_pop3_offers_SOURCES = tests/unit/test_pop3_offers.c
tests_unit_test_pop3_offers_LDADD = $(WIRE_DEPS)

fuzz_targets += tests/fuzz/fuzz_pop3_command tests/fuzz/fuzz_pop3_reply tests/fuzz/fuzz_pop3_listing
tests_fuzz_fuzz_pop3_command_SOURCES = tests/fuzz/fuzz_pop3_command.c
tests_fuzz_fuzz_pop3_command_LDADD = src/libwire.a src/libbase.a
tests_fuzz_fuzz_pop3_command_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_pop3_reply_SOURCES = tests/fuzz/fuzz_pop3_reply.c
tests_fuzz_fuzz_pop3_reply_LDADD = src/libwire.a src/libbase.a
tests_fuzz_fuzz_pop3_reply_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_pop3_listing_SOURCES = tests/fuzz/fuzz_pop3_listing.c
tests_fuzz_fuzz_pop3_listing_LDADD = src/libwire.a src/libbase.a
tests_fuzz_fuzz_pop3_listing_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/pop3_command.dict tests/fuzz/pop3_reply.dict tests/fuzz/pop3_listing.dict \
	tests/fuzz/corpus/pop3_command tests/fuzz/corpus/pop3_reply tests/fuzz/corpus/pop3_listing

unit_tests += tests/unit/test_imap_line tests/unit/test_imap_token tests/unit/test_imap_set \
	tests/unit/test_imap_command tests/unit/test_imap_fetch tests/unit/test_imap_response \
	tests/unit/test_imap_capability tests/unit/test_imap_structure
tests_unit_test_imap_line_SOURCES = tests/unit/test_imap_line.c
tests_unit_test_imap_line_LDADD = $(WIRE_DEPS)
tests_unit_test_imap_token_SOURCES = tests/unit/test_imap_token.c
tests_unit_test_imap_token_LDADD = $(WIRE_DEPS)
tests_unit_test_imap_set_SOURCES = tests/unit/test_imap_set.c
tests_unit_test_imap_set_LDADD = $(WIRE_DEPS)
tests_unit_test_imap_command_SOURCES = tests/unit/test_imap_command.c
tests_unit_test_imap_command_LDADD = $(WIRE_DEPS)
tests_unit_test_imap_fetch_SOURCES = tests/unit/test_imap_fetch.c
tests_unit_test_imap_fetch_LDADD = $(WIRE_DEPS)
tests_unit_test_imap_response_SOURCES = tests/unit/test_imap_response.c
tests_unit_test_imap_response_LDADD = $(WIRE_DEPS)
tests_unit_test_imap_capability_SOURCES = tests/unit/test_imap_capability.c
tests_unit_test_imap_capability_LDADD = $(WIRE_DEPS)
tests_unit_test_imap_structure_SOURCES = tests/unit/test_imap_structure.c
tests_unit_test_imap_structure_LDADD = $(WIRE_DEPS)

fuzz_targets += tests/fuzz/fuzz_imap_command tests/fuzz/fuzz_imap_response tests/fuzz/fuzz_imap_structure
tests_fuzz_fuzz_imap_command_SOURCES = tests/fuzz/fuzz_imap_command.c
tests_fuzz_fuzz_imap_command_LDADD = src/libwire.a src/libbase.a
tests_fuzz_fuzz_imap_command_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_imap_response_SOURCES = tests/fuzz/fuzz_imap_response.c
tests_fuzz_fuzz_imap_response_LDADD = src/libwire.a src/libbase.a
tests_fuzz_fuzz_imap_response_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_imap_structure_SOURCES = tests/fuzz/fuzz_imap_structure.c
tests_fuzz_fuzz_imap_structure_LDADD = src/libwire.a src/libbase.a
tests_fuzz_fuzz_imap_structure_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/imap_command.dict tests/fuzz/imap_response.dict tests/fuzz/imap_structure.dict \
	tests/fuzz/corpus/imap_command tests/fuzz/corpus/imap_response tests/fuzz/corpus/imap_structure

fuzz_targets += tests/fuzz/fuzz_imap_append
tests_fuzz_fuzz_imap_append_SOURCES = tests/fuzz/fuzz_imap_append.c
tests_fuzz_fuzz_imap_append_LDADD = src/libwire.a src/libbase.a
tests_fuzz_fuzz_imap_append_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/imap_append.dict tests/fuzz/corpus/imap_append
