# Tests of src/io.
IO_DEPS = src/libio.a src/libbase.a $(OPENSSL_LIBS) $(EVENT_LIBS) $(CMOCKA_LIBS)
IO_PAIR = tests/unit/io_pair.h tests/unit/io_pair.c

unit_tests += tests/unit/test_io_endpoint
tests_unit_test_io_endpoint_SOURCES = tests/unit/test_io_endpoint.c $(IO_PAIR)
tests_unit_test_io_endpoint_LDADD = $(IO_DEPS)

unit_tests += tests/unit/test_io_tls
tests_unit_test_io_tls_SOURCES = tests/unit/test_io_tls.c tests/unit/io_certs.h tests/unit/io_certs.c $(IO_PAIR)
tests_unit_test_io_tls_LDADD = $(IO_DEPS)
