# Tests of src/engine.
ENGINE_LIBS = src/libengine.a src/libmime.a src/libbase.a $(CORE_DEPS)
ENGINE_DEPS = $(ENGINE_LIBS) $(CMOCKA_LIBS)
unit_tests += tests/unit/test_literals
tests_unit_test_literals_SOURCES = tests/unit/test_literals.c
tests_unit_test_literals_LDADD = $(ENGINE_DEPS)
unit_tests += tests/unit/test_textset
tests_unit_test_textset_SOURCES = tests/unit/test_textset.c
tests_unit_test_textset_LDADD = $(ENGINE_DEPS)
unit_tests += tests/unit/test_regex_wider
tests_unit_test_regex_wider_SOURCES = tests/unit/test_regex_wider.c
tests_unit_test_regex_wider_LDADD = $(ENGINE_DEPS)
unit_tests += tests/unit/test_backends
tests_unit_test_backends_SOURCES = tests/unit/test_backends.c tests/lib/literals_own.c
if HAVE_HYPERSCAN
tests_unit_test_backends_SOURCES += tests/lib/literals_hs.c
endif
tests_unit_test_backends_LDADD = $(ENGINE_DEPS)
EXTRA_DIST += tests/lib/literals_hs.c
unit_tests += tests/unit/test_signature
tests_unit_test_signature_SOURCES = tests/unit/test_signature.c tests/lib/naive_signature.c tests/lib/naive_signature.h
tests_unit_test_signature_LDADD = $(ENGINE_DEPS)
unit_tests += tests/unit/test_magic
tests_unit_test_magic_SOURCES = tests/unit/test_magic.c
tests_unit_test_magic_LDADD = $(ENGINE_DEPS)
unit_tests += tests/unit/test_archive
tests_unit_test_archive_SOURCES = tests/unit/test_archive.c
tests_unit_test_archive_LDADD = $(ENGINE_DEPS)
unit_tests += tests/unit/test_zip
tests_unit_test_zip_SOURCES = tests/unit/test_zip.c tests/lib/archive_maker.c tests/lib/archive_maker.h
tests_unit_test_zip_LDADD = $(ENGINE_DEPS)
unit_tests += tests/unit/test_container
tests_unit_test_container_SOURCES = tests/unit/test_container.c tests/data/encrypted_headers_7z.inc \
	tests/lib/archive_maker.c tests/lib/archive_maker.h
tests_unit_test_container_LDADD = $(ENGINE_DEPS)

# Through the scanner in its cage.
TESTS += tests/containers.py tests/databases.py
EXTRA_DIST += tests/containers.py tests/databases.py

fuzz_targets += tests/fuzz/fuzz_signature_syntax
tests_fuzz_fuzz_signature_syntax_SOURCES = tests/fuzz/fuzz_signature_syntax.c
tests_fuzz_fuzz_signature_syntax_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_signature_syntax_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_targets += tests/fuzz/fuzz_signature_scan
tests_fuzz_fuzz_signature_scan_SOURCES = tests/fuzz/fuzz_signature_scan.c tests/lib/naive_signature.c \
	tests/lib/naive_signature.h
tests_fuzz_fuzz_signature_scan_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_signature_scan_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_targets += tests/fuzz/fuzz_textset
tests_fuzz_fuzz_textset_SOURCES = tests/fuzz/fuzz_textset.c
tests_fuzz_fuzz_textset_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_textset_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_targets += tests/fuzz/fuzz_regex_literal
tests_fuzz_fuzz_regex_literal_SOURCES = tests/fuzz/fuzz_regex_literal.c
tests_fuzz_fuzz_regex_literal_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_regex_literal_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_targets += tests/fuzz/fuzz_archive
tests_fuzz_fuzz_archive_SOURCES = tests/fuzz/fuzz_archive.c
tests_fuzz_fuzz_archive_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_archive_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_targets += tests/fuzz/fuzz_magic
tests_fuzz_fuzz_magic_SOURCES = tests/fuzz/fuzz_magic.c
tests_fuzz_fuzz_magic_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_magic_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/signature_syntax.dict \
	tests/fuzz/corpus/signature_syntax/0 \
	tests/fuzz/corpus/signature_syntax/1 \
	tests/fuzz/corpus/signature_syntax/2 \
	tests/fuzz/corpus/signature_syntax/3 \
	tests/fuzz/signature_scan.dict \
	tests/fuzz/corpus/signature_scan/0 \
	tests/fuzz/corpus/signature_scan/1 \
	tests/fuzz/corpus/signature_scan/2 \
	tests/fuzz/corpus/signature_scan/3 \
	tests/fuzz/corpus/signature_scan/4 \
	tests/fuzz/textset.dict \
	tests/fuzz/corpus/textset/0 \
	tests/fuzz/corpus/textset/1 \
	tests/fuzz/corpus/textset/2 \
	tests/fuzz/regex_literal.dict \
	tests/fuzz/corpus/regex_literal/0 \
	tests/fuzz/corpus/regex_literal/1 \
	tests/fuzz/corpus/regex_literal/2 \
	tests/fuzz/corpus/regex_literal/3 \
	tests/fuzz/corpus/regex_literal/4 \
	tests/fuzz/corpus/regex_literal/5 \
	tests/fuzz/corpus/regex_literal/6 \
	tests/fuzz/archive.dict \
	tests/fuzz/corpus/archive/cut.zip \
	tests/fuzz/corpus/archive/deflated.zip \
	tests/fuzz/corpus/archive/nested.zip \
	tests/fuzz/corpus/archive/encrypted.7z \
	tests/fuzz/corpus/archive/plain.7z \
	tests/fuzz/corpus/archive/plain.Z \
	tests/fuzz/corpus/archive/plain.ar \
	tests/fuzz/corpus/archive/plain.bz2 \
	tests/fuzz/corpus/archive/plain.cab \
	tests/fuzz/corpus/archive/plain.cpio \
	tests/fuzz/corpus/archive/plain.gz \
	tests/fuzz/corpus/archive/plain.lz \
	tests/fuzz/corpus/archive/plain.lz4 \
	tests/fuzz/corpus/archive/plain.lzh \
	tests/fuzz/corpus/archive/plain.lzma \
	tests/fuzz/corpus/archive/plain.rar \
	tests/fuzz/corpus/archive/plain.tar \
	tests/fuzz/corpus/archive/plain.xar \
	tests/fuzz/corpus/archive/plain.xz \
	tests/fuzz/corpus/archive/plain.zst \
	tests/fuzz/corpus/archive/plain5.rar \
	tests/fuzz/magic.dict \
	tests/fuzz/corpus/magic/0 \
	tests/fuzz/corpus/magic/1 \
	tests/fuzz/corpus/magic/2 \
	tests/fuzz/corpus/magic/3 \
	tests/fuzz/corpus/magic/4 \
	tests/fuzz/corpus/magic/5

unit_tests += tests/unit/test_clamav
tests_unit_test_clamav_SOURCES = tests/unit/test_clamav.c
tests_unit_test_clamav_LDADD = $(ENGINE_DEPS)
if HAVE_YARA
unit_tests += tests/unit/test_yara
tests_unit_test_yara_SOURCES = tests/unit/test_yara.c
tests_unit_test_yara_LDADD = $(ENGINE_DEPS)
endif
fuzz_targets += tests/fuzz/fuzz_clamav
tests_fuzz_fuzz_clamav_SOURCES = tests/fuzz/fuzz_clamav.c
tests_fuzz_fuzz_clamav_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_clamav_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_targets += tests/fuzz/fuzz_clamav_scan
tests_fuzz_fuzz_clamav_scan_SOURCES = tests/fuzz/fuzz_clamav_scan.c
tests_fuzz_fuzz_clamav_scan_LDADD = $(ENGINE_LIBS)
tests_fuzz_fuzz_clamav_scan_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
EXTRA_DIST += tests/fuzz/clamav.dict tests/fuzz/corpus/clamav/cdb tests/fuzz/corpus/clamav/hdb \
	tests/fuzz/corpus/clamav/ign2 tests/fuzz/corpus/clamav/ldb tests/fuzz/corpus/clamav/mdb \
	tests/fuzz/corpus/clamav/ndb tests/fuzz/clamav_scan.dict tests/fuzz/corpus/clamav_scan/elf \
	tests/fuzz/corpus/clamav_scan/html tests/fuzz/corpus/clamav_scan/mail tests/fuzz/corpus/clamav_scan/pe \
	tests/fuzz/corpus/clamav_scan/text
