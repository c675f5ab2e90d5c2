# Tests of src/cli.
unit_tests += tests/unit/test_mbox
tests_unit_test_mbox_SOURCES = tests/unit/test_mbox.c src/cli/mbox.c src/cli/mbox.h
tests_unit_test_mbox_LDADD = src/libbase.a $(CMOCKA_LIBS)

unit_tests += tests/unit/test_figures
tests_unit_test_figures_SOURCES = tests/unit/test_figures.c src/cli/figures.c src/cli/figures.h
tests_unit_test_figures_LDADD = src/libbase.a $(CMOCKA_LIBS)

unit_tests += tests/unit/test_moment
tests_unit_test_moment_SOURCES = tests/unit/test_moment.c src/cli/moment.c src/cli/moment.h
tests_unit_test_moment_LDADD = src/libconf.a src/libbase.a $(YAML_LIBS) $(CMOCKA_LIBS)

fuzz_targets += tests/fuzz/fuzz_mbox
tests_fuzz_fuzz_mbox_SOURCES = tests/fuzz/fuzz_mbox.c src/cli/mbox.c src/cli/mbox.h
tests_fuzz_fuzz_mbox_LDADD = src/libbase.a
tests_fuzz_fuzz_mbox_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/mbox.dict tests/fuzz/corpus/mbox/two

fuzz_targets += tests/fuzz/fuzz_figures
tests_fuzz_fuzz_figures_SOURCES = tests/fuzz/fuzz_figures.c src/cli/figures.c src/cli/figures.h
tests_fuzz_fuzz_figures_LDADD = src/libbase.a
tests_fuzz_fuzz_figures_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/figures.dict tests/fuzz/corpus/figures

fuzz_targets += tests/fuzz/fuzz_moment
tests_fuzz_fuzz_moment_SOURCES = tests/fuzz/fuzz_moment.c src/cli/moment.c src/cli/moment.h
tests_fuzz_fuzz_moment_LDADD = src/libconf.a src/libbase.a $(YAML_LIBS)
tests_fuzz_fuzz_moment_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/moment.dict tests/fuzz/corpus/moment

TESTS += tests/cli.py tests/rules.sh tests/clamscan.py tests/quarantine.py tests/keeper_kill.py
EXTRA_DIST += tests/cli.py tests/clamscan.py tests/quarantine.py tests/keeper_kill.py tests/rules.sh tests/rules tests/data/contract/gatepost.yaml \
	tests/data/contract/rules.yaml tests/data/contract/scan.jsonl
