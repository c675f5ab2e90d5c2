noinst_LIBRARIES += src/libengine.a
src_libengine_a_SOURCES = \
	src/engine/literals.h
if HAVE_HYPERSCAN
src_libengine_a_SOURCES += src/engine/literals_hs.c
else
src_libengine_a_SOURCES += src/engine/literals_ac.c
endif
EXTRA_DIST += src/engine/literals_hs.c src/engine/literals_ac.c
