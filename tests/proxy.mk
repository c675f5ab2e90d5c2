# Tests of src/proxy.

# The program as a whole, from outside. Each says in its head what it is about
# and can be run alone: GATEPOST=src/gatepost python3 tests/tls.py [WORD…]
session_tests = tests/transcripts.py tests/smuggling.py tests/wire_smtp.py tests/wire_starttls.py tests/tls.py tests/limits.py \
	tests/exhaustion.py tests/proxy_protocol.py tests/intercept.py tests/kill.py tests/e2e_postfix.py \
	tests/processes.py tests/reload.py tests/reload_load.py tests/clamd.py tests/wire_pop3.py tests/pop3_faults.py \
	tests/pop3_quarantine.py tests/upgrade.py tests/activation.py tests/drain.py tests/pop3_users.py tests/pop3_views.py \
	tests/pop3_waits.py tests/e2e_dovecot.py tests/wire_imap.py tests/imap_faults.py tests/e2e_imap.py \
	tests/imap_agreement.py tests/imap_news.py tests/imap_users.py tests/kill_matrix.py tests/fault_sweep.py tests/metrics.py \
	tests/cage.py tests/credentials.py tests/imap_compress.py tests/valgrind.py tests/imap_agreement_cyrus.sh \
	tests/e2e_imap_cyrus.sh tests/imap_stress.py tests/poison.py tests/mutated_sessions.py
TESTS += $(session_tests)
# By name: of a folder all would be packed that builds leave in it.
EXTRA_DIST += $(session_tests) tests/transcripts tests/data/valgrind.supp tests/lib/certificates.py tests/lib/confidential.py \
	tests/lib/deflated.py tests/lib/cyrus.py tests/lib/dovecot.py tests/lib/fake_clamd.py tests/lib/faults.py \
	tests/lib/short_sessions.py tests/lib/gatepost_test.py tests/lib/imap_client.py tests/lib/imap_expect.py \
	tests/lib/imap_mail.py tests/lib/imap_programs.py tests/lib/imapflow.cjs tests/lib/imap_reader.py \
	tests/lib/imap_servers.py tests/lib/imap_upstream.py tests/lib/imap_watch.py tests/lib/messages.py \
	tests/lib/namespaces.py tests/lib/pop3_client.py tests/lib/pop3_mail.py tests/lib/pop3_programs.py \
	tests/lib/pop3_upstream.py tests/lib/postfix.py tests/lib/process.py tests/lib/quarantine_command.py \
	tests/lib/smtp_client.py \
	tests/lib/smtp_upstream.py tests/lib/terminal.py tests/lib/three.py tests/lib/transcript.py

# A gatepost that fails where a test wants it.
check_PROGRAMS += tests/gatepost_faulty
tests_gatepost_faulty_SOURCES = $(src_gatepost_SOURCES) tests/faults.c tests/fault_places.c tests/fault_places.h
tests_gatepost_faulty_LDADD = $(src_gatepost_LDADD)

unit_tests += tests/unit/test_spool tests/unit/test_ports
tests_unit_test_spool_SOURCES = tests/unit/test_spool.c
tests_unit_test_spool_LDADD = $(GATEPOST_LIBS) $(GATEPOST_DEPS) $(CMOCKA_LIBS)
tests_unit_test_ports_SOURCES = tests/unit/test_ports.c
tests_unit_test_ports_LDADD = $(GATEPOST_LIBS) $(GATEPOST_DEPS) $(CMOCKA_LIBS)

unit_tests += tests/unit/test_metrics
tests_unit_test_metrics_SOURCES = tests/unit/test_metrics.c
tests_unit_test_metrics_LDADD = $(GATEPOST_LIBS) $(GATEPOST_DEPS) $(CMOCKA_LIBS)

unit_tests += tests/unit/test_keep_frame tests/unit/test_keeper
tests_unit_test_keep_frame_SOURCES = tests/unit/test_keep_frame.c
tests_unit_test_keep_frame_LDADD = src/libproxy.a src/libstore.a src/libbase.a $(SQLITE_LIBS) $(OPENSSL_LIBS) $(CMOCKA_LIBS)
tests_unit_test_keeper_SOURCES = tests/unit/test_keeper.c
tests_unit_test_keeper_LDADD = $(GATEPOST_LIBS) $(GATEPOST_DEPS) $(CMOCKA_LIBS)

# There is no cage with sanitizers.
if !SANITIZERS
unit_tests += tests/unit/test_cage
endif
tests_unit_test_cage_SOURCES = tests/unit/test_cage.c
tests_unit_test_cage_LDADD = $(GATEPOST_LIBS) $(GATEPOST_DEPS) $(CMOCKA_LIBS)

unit_tests += tests/unit/test_keeper_order
tests_unit_test_keeper_order_SOURCES = tests/unit/test_keeper_order.c
tests_unit_test_keeper_order_LDADD = $(GATEPOST_LIBS) $(GATEPOST_DEPS) $(CMOCKA_LIBS)

unit_tests += tests/unit/test_view tests/unit/test_edited
tests_unit_test_view_SOURCES = tests/unit/test_view.c
tests_unit_test_view_LDADD = src/libproxy.a src/librewrite.a src/libbase.a $(CMOCKA_LIBS)
tests_unit_test_edited_SOURCES = tests/unit/test_edited.c
tests_unit_test_edited_LDADD = src/libproxy.a src/librewrite.a src/libbase.a $(CMOCKA_LIBS)

fuzz_targets += tests/fuzz/fuzz_view
tests_fuzz_fuzz_view_SOURCES = tests/fuzz/fuzz_view.c
tests_fuzz_fuzz_view_LDADD = src/libproxy.a src/librewrite.a src/libbase.a
tests_fuzz_fuzz_view_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/view.dict tests/fuzz/corpus/view

fuzz_targets += tests/fuzz/fuzz_keep_frame
tests_fuzz_fuzz_keep_frame_SOURCES = tests/fuzz/fuzz_keep_frame.c
tests_fuzz_fuzz_keep_frame_LDADD = src/libproxy.a src/libstore.a src/libbase.a $(SQLITE_LIBS) $(OPENSSL_LIBS)
tests_fuzz_fuzz_keep_frame_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/keep_frame.dict tests/fuzz/corpus/keep_frame

fuzz_targets += tests/fuzz/fuzz_keeper_order
tests_fuzz_fuzz_keeper_order_SOURCES = tests/fuzz/fuzz_keeper_order.c
tests_fuzz_fuzz_keeper_order_LDADD = $(GATEPOST_LIBS) $(GATEPOST_DEPS)
tests_fuzz_fuzz_keeper_order_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/keeper_order.dict tests/fuzz/corpus/keeper_order
