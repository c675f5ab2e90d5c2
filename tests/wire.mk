# Tests of src/wire.
WIRE_DEPS = src/libwire.a src/libbase.a $(CMOCKA_LIBS)

unit_tests += tests/unit/test_smtp_command tests/unit/test_smtp_reply tests/unit/test_smtp_data tests/unit/test_sasl
tests_unit_test_smtp_command_SOURCES = tests/unit/test_smtp_command.c
tests_unit_test_smtp_command_LDADD = $(WIRE_DEPS)
tests_unit_test_smtp_reply_SOURCES = tests/unit/test_smtp_reply.c
tests_unit_test_smtp_reply_LDADD = $(WIRE_DEPS)
tests_unit_test_smtp_data_SOURCES = tests/unit/test_smtp_data.c
tests_unit_test_smtp_data_LDADD = $(WIRE_DEPS)
tests_unit_test_sasl_SOURCES = tests/unit/test_sasl.c
tests_unit_test_sasl_LDADD = $(WIRE_DEPS)
