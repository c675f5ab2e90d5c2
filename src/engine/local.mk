noinst_LIBRARIES += src/libengine.a
src_libengine_a_SOURCES = \
	src/engine/archive.c \
	src/engine/archive.h \
	src/engine/archive_compressed.c \
	src/engine/archive_formats.c \
	src/engine/archive_reading.h \
	src/engine/archive_zip.c \
	src/engine/container.c \
	src/engine/container.h \
	src/engine/digest.c \
	src/engine/digest_set.c \
	src/engine/digest_set.h \
	src/engine/document.c \
	src/engine/document.h \
	src/engine/grams.c \
	src/engine/grams.h \
	src/engine/literals.h \
	src/engine/lzfu.c \
	src/engine/lzfu.h \
	src/engine/magic.c \
	src/engine/magic.h \
	src/engine/magic_all.c \
	src/engine/magic_contradicts.c \
	src/engine/magic_rows.h \
	src/engine/magic_text.c \
	src/engine/office97.c \
	src/engine/office97.h \
	src/engine/ole1.c \
	src/engine/ole1.h \
	src/engine/ole2.c \
	src/engine/ole2.h \
	src/engine/ole2_read.c \
	src/engine/regex.c \
	src/engine/regex_literal.c \
	src/engine/regex_literal.h \
	src/engine/regex_run.h \
	src/engine/signature.c \
	src/engine/signature.h \
	src/engine/signature_anchor.c \
	src/engine/signature_match.c \
	src/engine/signature_parse.c \
	src/engine/signature_pattern.h \
	src/engine/textset.c \
	src/engine/textset.h \
	src/engine/tnef.c \
	src/engine/tnef.h \
	src/engine/vba.c \
	src/engine/vba.h \
	src/engine/zip_layout.c \
	src/engine/zip_layout.h \
	src/engine/zip_record.c \
	src/engine/zip_record.h
if HAVE_HYPERSCAN
src_libengine_a_SOURCES += src/engine/literals_hs.c
else
src_libengine_a_SOURCES += src/engine/literals_ac.c
endif
EXTRA_DIST += src/engine/literals_hs.c src/engine/literals_ac.c
