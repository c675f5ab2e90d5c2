noinst_LIBRARIES += src/libengine.a
src_libengine_a_SOURCES = \
	src/engine/literals.h \
	src/engine/regex.c \
	src/engine/regex_literal.c \
	src/engine/regex_literal.h \
	src/engine/regex_run.h \
	src/engine/textset.c \
	src/engine/textset.h
if HAVE_HYPERSCAN
src_libengine_a_SOURCES += src/engine/literals_hs.c
else
src_libengine_a_SOURCES += src/engine/literals_ac.c
endif
EXTRA_DIST += src/engine/literals_hs.c src/engine/literals_ac.c
