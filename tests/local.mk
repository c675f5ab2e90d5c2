# Every test speaks TAP. Units are cmocka programs; the rest are scripts.
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = $(SHELL)
PY_LOG_DRIVER = $(LOG_DRIVER)
PY_LOG_COMPILER = python3
TEST_EXTENSIONS = .sh .py
AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	srcdir='$(abs_top_srcdir)'; export srcdir; builddir='$(abs_top_builddir)'; export builddir; \
	GATEPOST='$(abs_top_builddir)/src/gatepost'; export GATEPOST;

# A unit test program links the core (everything that needs no socket).
UNIT_DEPS = $(CORE_LIBS) $(CORE_DEPS) $(CMOCKA_LIBS)

include tests/base.mk
include tests/wire.mk
include tests/mime.mk
include tests/conf.mk
include tests/engine.mk
include tests/documents.mk
include tests/rule.mk
include tests/scan.mk
include tests/io.mk
include tests/store.mk
include tests/proxy.mk
include tests/cli.mk
include tests/docs.mk
include tests/readings.mk

if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
endif
if FUZZERS
noinst_PROGRAMS += $(fuzz_targets)
endif
EXTRA_DIST += tests/layers.sh
TESTS += tests/layers.sh
