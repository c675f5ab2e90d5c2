# Tests of src/store.
unit_tests += tests/unit/test_quarantine
tests_unit_test_quarantine_SOURCES = tests/unit/test_quarantine.c
tests_unit_test_quarantine_LDADD = src/libstore.a src/libbase.a $(SQLITE_LIBS) $(OPENSSL_LIBS) $(CMOCKA_LIBS)

unit_tests += tests/unit/test_quarantine_changes
tests_unit_test_quarantine_changes_SOURCES = tests/unit/test_quarantine_changes.c
tests_unit_test_quarantine_changes_LDADD = src/libstore.a src/libbase.a $(SQLITE_LIBS) $(OPENSSL_LIBS) $(CMOCKA_LIBS)

unit_tests += tests/unit/test_views
tests_unit_test_views_SOURCES = tests/unit/test_views.c
tests_unit_test_views_LDADD = src/libstore.a src/libbase.a $(SQLITE_LIBS) $(OPENSSL_LIBS) $(CMOCKA_LIBS)

unit_tests += tests/unit/test_store_heals
tests_unit_test_store_heals_SOURCES = tests/unit/test_store_heals.c
tests_unit_test_store_heals_LDADD = src/libstore.a src/libbase.a $(SQLITE_LIBS) $(OPENSSL_LIBS) $(CMOCKA_LIBS)
