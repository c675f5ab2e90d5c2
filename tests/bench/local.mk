# Load tools and the comparison with other proxies: make bench, make bench-pop3,
# make bench-imap.
bench_tools = tests/bench/genmail tests/bench/smtpload tests/bench/smtpsink
bench_pop3_tools = tests/bench/genmail tests/bench/popload tests/bench/popserver
bench_imap_tools = tests/bench/genmail tests/bench/imapload tests/bench/imapserver
bench_programs = tests/bench/genmail tests/bench/smtpload tests/bench/smtpsink tests/bench/popload \
	tests/bench/popserver tests/bench/imapload tests/bench/imapserver tests/bench/scanbench
EXTRA_PROGRAMS += $(bench_programs)
CLEANFILES += $(bench_programs)
tests_bench_genmail_SOURCES = tests/bench/genmail.c tests/bench/mail_maker.c tests/bench/mail_maker.h \
	tests/bench/mail_bodies.c
tests_bench_genmail_LDADD = src/libbase.a $(ARCHIVE_LIBS)
tests_bench_smtpload_SOURCES = tests/bench/smtpload.c tests/bench/connection.c tests/bench/connection.h \
	tests/bench/corpus.c tests/bench/corpus.h tests/bench/workers.c tests/bench/workers.h
tests_bench_smtpload_LDADD = src/libwire.a src/libbase.a $(OPENSSL_LIBS)
tests_bench_smtpsink_SOURCES = tests/bench/smtpsink.c tests/bench/connection.c tests/bench/connection.h \
	tests/bench/server.c tests/bench/server.h
tests_bench_smtpsink_LDADD = src/libbase.a $(OPENSSL_LIBS)
tests_bench_popload_SOURCES = tests/bench/popload.c tests/bench/reader.c tests/bench/reader.h \
	tests/bench/connection.c tests/bench/connection.h \
	tests/bench/workers.c tests/bench/workers.h
tests_bench_popload_LDADD = src/libbase.a $(OPENSSL_LIBS)
tests_bench_popserver_SOURCES = tests/bench/popserver.c tests/bench/connection.c tests/bench/connection.h \
	tests/bench/server.c tests/bench/server.h tests/bench/corpus.c tests/bench/corpus.h
tests_bench_popserver_LDADD = src/libwire.a src/libbase.a $(OPENSSL_LIBS)
tests_bench_imapload_SOURCES = tests/bench/imapload.c tests/bench/reader.c tests/bench/reader.h \
	tests/bench/connection.c tests/bench/connection.h tests/bench/workers.c tests/bench/workers.h
tests_bench_imapload_LDADD = src/libwire.a src/libbase.a $(OPENSSL_LIBS)
tests_bench_imapserver_SOURCES = tests/bench/imapserver.c tests/bench/connection.c tests/bench/connection.h \
	tests/bench/server.c tests/bench/server.h tests/bench/corpus.c tests/bench/corpus.h
tests_bench_imapserver_LDADD = src/libwire.a src/libbase.a $(OPENSSL_LIBS)
tests_bench_scanbench_SOURCES = tests/bench/scanbench.c tests/bench/rule_maker.c tests/bench/rule_maker.h \
	tests/bench/mail_maker.c tests/bench/mail_maker.h tests/bench/mail_bodies.c
tests_bench_scanbench_LDADD = $(CORE_LIBS) $(CORE_DEPS)

# BENCH_FLAGS=--quick takes about a minute, the whole several.
bench: src/gatepost$(EXEEXT) $(bench_tools)
	python3 -B '$(srcdir)/tests/bench/bench.py' --gatepost src/gatepost --tools tests/bench \
		--rules '$(srcdir)/rules' $(BENCH_FLAGS)

# The same for POP3.
bench-pop3: src/gatepost$(EXEEXT) $(bench_pop3_tools)
	python3 -B '$(srcdir)/tests/bench/pop3.py' --gatepost src/gatepost --tools tests/bench \
		--rules '$(srcdir)/rules' $(BENCH_FLAGS)

# The same for IMAP.
bench-imap: src/gatepost$(EXEEXT) $(bench_imap_tools)
	python3 -B '$(srcdir)/tests/bench/imap.py' --gatepost src/gatepost --tools tests/bench \
		--rules '$(srcdir)/rules' $(BENCH_FLAGS)

# Idle and slow connections, hard messages: memory, descriptors, healthy sessions beside.
bench-exhaustion: src/gatepost$(EXEEXT) $(bench_tools) $(bench_pop3_tools) $(bench_imap_tools)
	GATEPOST=src/gatepost python3 -B '$(srcdir)/tests/bench/exhaustion.py' --tools tests/bench \
		--rules '$(srcdir)/rules' $(BENCH_FLAGS)

# Scanning alone; BENCH_FLAGS=--alone leaves other programs out, --json is for machines.
bench-scan: tests/bench/scanbench$(EXEEXT)
	python3 -B '$(srcdir)/tests/bench/scan.py' --tools tests/bench $(BENCH_FLAGS)

.PHONY: bench bench-pop3 bench-imap bench-exhaustion bench-scan
EXTRA_DIST += tests/bench/scan.py tests/bench/bench.py tests/bench/pop3.py tests/bench/imap.py tests/bench/retrieval.py \
	tests/bench/retrieval_subjects.py tests/bench/exhaustion.py tests/bench/hard_messages.py \
	tests/bench/report.py tests/bench/cpu_meter.py tests/bench/subjects.py
