# Tests of src/engine.
ENGINE_DEPS = src/libengine.a src/libbase.a $(CORE_DEPS) $(CMOCKA_LIBS)
unit_tests += tests/unit/test_literals
tests_unit_test_literals_SOURCES = tests/unit/test_literals.c
tests_unit_test_literals_LDADD = $(ENGINE_DEPS)
unit_tests += tests/unit/test_textset
tests_unit_test_textset_SOURCES = tests/unit/test_textset.c
tests_unit_test_textset_LDADD = $(ENGINE_DEPS)
