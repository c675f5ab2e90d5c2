# Tests of src/io.
IO_DEPS = src/libio.a src/libbase.a $(OPENSSL_LIBS) $(ZLIB_LIBS) $(EVENT_LIBS) $(CMOCKA_LIBS)
IO_PAIR = tests/unit/io_pair.h tests/unit/io_pair.c

unit_tests += tests/unit/test_io_endpoint
tests_unit_test_io_endpoint_SOURCES = tests/unit/test_io_endpoint.c $(IO_PAIR)
tests_unit_test_io_endpoint_LDADD = $(IO_DEPS)

unit_tests += tests/unit/test_io_deflate
tests_unit_test_io_deflate_SOURCES = tests/unit/test_io_deflate.c
tests_unit_test_io_deflate_LDADD = $(IO_DEPS)

unit_tests += tests/unit/test_io_tls_memory
tests_unit_test_io_tls_memory_SOURCES = tests/unit/test_io_tls_memory.c
tests_unit_test_io_tls_memory_LDADD = $(IO_DEPS)
tests_unit_test_io_tls_memory_LDFLAGS = -Wl,--wrap=malloc
unit_tests += tests/unit/test_io_tls
tests_unit_test_io_tls_SOURCES = tests/unit/test_io_tls.c tests/unit/io_certs.h tests/unit/io_certs.c $(IO_PAIR)
tests_unit_test_io_tls_LDADD = $(IO_DEPS)

unit_tests += tests/unit/test_io_peer tests/unit/test_io_packet tests/unit/test_io_loop tests/unit/test_io_connect
tests_unit_test_io_peer_SOURCES = tests/unit/test_io_peer.c
tests_unit_test_io_peer_LDADD = $(IO_DEPS)
tests_unit_test_io_packet_SOURCES = tests/unit/test_io_packet.c $(IO_PAIR)
tests_unit_test_io_packet_LDADD = $(IO_DEPS)
tests_unit_test_io_loop_SOURCES = tests/unit/test_io_loop.c $(IO_PAIR)
tests_unit_test_io_loop_LDADD = $(IO_DEPS)
tests_unit_test_io_connect_SOURCES = tests/unit/test_io_connect.c $(IO_PAIR)
tests_unit_test_io_connect_LDADD = $(IO_DEPS)

unit_tests += tests/unit/test_http
tests_unit_test_http_SOURCES = tests/unit/test_http.c
tests_unit_test_http_LDADD = $(IO_DEPS)

unit_tests += tests/unit/test_io_storm
tests_unit_test_io_storm_SOURCES = tests/unit/test_io_storm.c tests/unit/io_certs.h tests/unit/io_certs.c $(IO_PAIR)
tests_unit_test_io_storm_LDADD = $(IO_DEPS)

fuzz_targets += tests/fuzz/fuzz_proxy_header
tests_fuzz_fuzz_proxy_header_SOURCES = tests/fuzz/fuzz_proxy_header.c
tests_fuzz_fuzz_proxy_header_LDADD = src/libio.a src/libbase.a
tests_fuzz_fuzz_proxy_header_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/proxy_header.dict tests/fuzz/corpus/proxy_header

fuzz_targets += tests/fuzz/fuzz_deflate
tests_fuzz_fuzz_deflate_SOURCES = tests/fuzz/fuzz_deflate.c
tests_fuzz_fuzz_deflate_LDADD = src/libio.a src/libbase.a $(ZLIB_LIBS)
tests_fuzz_fuzz_deflate_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/deflate.dict tests/fuzz/corpus/deflate
