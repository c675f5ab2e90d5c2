# Tests of src/rule.
RULE_DEPS = src/librule.a src/libengine.a src/libconf.a src/libmime.a src/libbase.a $(CORE_DEPS)
RULE_FIXTURE = tests/unit/rule_fixture.c tests/unit/rule_fixture.h

TEXT_DEPS = src/librule.a src/libengine.a src/libmime.a src/libbase.a $(IDN2_LIBS) $(PSL_LIBS) $(UTF8PROC_LIBS)

unit_tests += tests/unit/test_html tests/unit/test_hidden tests/unit/test_uri tests/unit/test_fold \
	tests/unit/test_charset_readings tests/unit/test_rule_text tests/unit/test_rule_errors tests/unit/test_rule_conditions \
	tests/unit/test_rule_verdicts tests/unit/test_rules_starter tests/unit/test_rule_database tests/unit/test_user
tests_unit_test_html_SOURCES = tests/unit/test_html.c
tests_unit_test_html_LDADD = $(TEXT_DEPS) $(CMOCKA_LIBS)
tests_unit_test_hidden_SOURCES = tests/unit/test_hidden.c
tests_unit_test_hidden_LDADD = $(TEXT_DEPS) $(CMOCKA_LIBS)
tests_unit_test_uri_SOURCES = tests/unit/test_uri.c
tests_unit_test_uri_LDADD = $(TEXT_DEPS) $(CMOCKA_LIBS)
tests_unit_test_fold_SOURCES = tests/unit/test_fold.c
tests_unit_test_fold_LDADD = $(TEXT_DEPS) $(CMOCKA_LIBS)
tests_unit_test_charset_readings_SOURCES = tests/unit/test_charset_readings.c
tests_unit_test_charset_readings_LDADD = $(TEXT_DEPS) $(CMOCKA_LIBS)
tests_unit_test_rule_text_SOURCES = tests/unit/test_rule_text.c $(RULE_FIXTURE)
tests_unit_test_rule_text_LDADD = $(RULE_DEPS) $(CMOCKA_LIBS)
tests_unit_test_rule_errors_SOURCES = tests/unit/test_rule_errors.c $(RULE_FIXTURE)
tests_unit_test_rule_errors_LDADD = $(RULE_DEPS) $(CMOCKA_LIBS)
tests_unit_test_rule_conditions_SOURCES = tests/unit/test_rule_conditions.c $(RULE_FIXTURE)
tests_unit_test_rule_conditions_LDADD = $(RULE_DEPS) $(CMOCKA_LIBS)
tests_unit_test_rule_database_SOURCES = tests/unit/test_rule_database.c $(RULE_FIXTURE)
tests_unit_test_rule_database_LDADD = $(RULE_DEPS) $(CMOCKA_LIBS)
tests_unit_test_rule_verdicts_SOURCES = tests/unit/test_rule_verdicts.c $(RULE_FIXTURE)
tests_unit_test_rule_verdicts_LDADD = $(RULE_DEPS) $(CMOCKA_LIBS)
tests_unit_test_user_SOURCES = tests/unit/test_user.c $(RULE_FIXTURE)
tests_unit_test_user_LDADD = $(RULE_DEPS) $(CMOCKA_LIBS)
tests_unit_test_rules_starter_SOURCES = tests/unit/test_rules_starter.c $(RULE_FIXTURE)
tests_unit_test_rules_starter_LDADD = $(RULE_DEPS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/print_conditions
tests_print_conditions_SOURCES = tests/print_conditions.c
tests_print_conditions_LDADD = $(RULE_DEPS)
TESTS += tests/documented-conditions.sh tests/text.py
EXTRA_DIST += tests/data/rules-contract.yaml tests/documented-conditions.sh tests/text.py

fuzz_targets += tests/fuzz/fuzz_html tests/fuzz/fuzz_uri tests/fuzz/fuzz_fold tests/fuzz/fuzz_charset \
	tests/fuzz/fuzz_rules
tests_fuzz_fuzz_html_SOURCES = tests/fuzz/fuzz_html.c
tests_fuzz_fuzz_html_LDADD = $(TEXT_DEPS)
tests_fuzz_fuzz_html_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_uri_SOURCES = tests/fuzz/fuzz_uri.c
tests_fuzz_fuzz_uri_LDADD = $(TEXT_DEPS)
tests_fuzz_fuzz_uri_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_fold_SOURCES = tests/fuzz/fuzz_fold.c
tests_fuzz_fuzz_fold_LDADD = $(TEXT_DEPS)
tests_fuzz_fuzz_fold_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_charset_SOURCES = tests/fuzz/fuzz_charset.c
tests_fuzz_fuzz_charset_LDADD = $(TEXT_DEPS)
tests_fuzz_fuzz_charset_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_rules_SOURCES = tests/fuzz/fuzz_rules.c
tests_fuzz_fuzz_rules_LDADD = $(RULE_DEPS)
tests_fuzz_fuzz_rules_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/html.dict tests/fuzz/uri.dict tests/fuzz/fold.dict tests/fuzz/charset.dict \
	tests/fuzz/rules.dict tests/fuzz/corpus/html tests/fuzz/corpus/uri tests/fuzz/corpus/fold \
	tests/fuzz/corpus/charset tests/fuzz/corpus/rules
