# Tests of src/conf.
CONF_TEST_DEPS = src/libconf.a src/libbase.a $(YAML_LIBS) $(CMOCKA_LIBS)
CONF_HELPER = tests/unit/conf_helper.c tests/unit/conf_helper.h

unit_tests += tests/unit/test_report tests/unit/test_yaml tests/unit/test_address tests/unit/test_settings \
	tests/unit/test_user_file
tests_unit_test_report_SOURCES = tests/unit/test_report.c $(CONF_HELPER)
tests_unit_test_report_LDADD = $(CONF_TEST_DEPS)
tests_unit_test_yaml_SOURCES = tests/unit/test_yaml.c $(CONF_HELPER)
tests_unit_test_yaml_LDADD = $(CONF_TEST_DEPS)
tests_unit_test_address_SOURCES = tests/unit/test_address.c $(CONF_HELPER)
tests_unit_test_address_LDADD = $(CONF_TEST_DEPS)
tests_unit_test_settings_SOURCES = tests/unit/test_settings.c $(CONF_HELPER)
tests_unit_test_settings_LDADD = $(CONF_TEST_DEPS)
tests_unit_test_user_file_SOURCES = tests/unit/test_user_file.c $(CONF_HELPER)
tests_unit_test_user_file_LDADD = $(CONF_TEST_DEPS)

fuzz_targets += tests/fuzz/fuzz_yaml
tests_fuzz_fuzz_yaml_SOURCES = tests/fuzz/fuzz_yaml.c
tests_fuzz_fuzz_yaml_LDADD = src/libconf.a src/libbase.a $(YAML_LIBS)
tests_fuzz_fuzz_yaml_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/yaml.dict tests/fuzz/corpus/yaml/full.yaml tests/fuzz/corpus/yaml/least.yaml \
	tests/fuzz/corpus/yaml/wrong.yaml

fuzz_targets += tests/fuzz/fuzz_user_file
tests_fuzz_fuzz_user_file_SOURCES = tests/fuzz/fuzz_user_file.c
tests_fuzz_fuzz_user_file_LDADD = src/libconf.a src/libbase.a $(YAML_LIBS)
tests_fuzz_fuzz_user_file_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/user_file.dict tests/fuzz/corpus/user_file

check_PROGRAMS += tests/print_keys tests/read_settings
tests_print_keys_SOURCES = tests/print_keys.c
tests_print_keys_LDADD = src/libconf.a src/libbase.a $(YAML_LIBS)
tests_read_settings_SOURCES = tests/read_settings.c
tests_read_settings_LDADD = src/libconf.a src/libbase.a $(YAML_LIBS)
TESTS += tests/documented-keys.sh tests/documented-capabilities.sh tests/examples.sh
EXTRA_DIST += tests/documented-keys.sh tests/documented-capabilities.sh tests/examples.sh
