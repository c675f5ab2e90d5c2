noinst_LIBRARIES += src/libbase.a
src_libbase_a_SOURCES = src/base/span.h src/base/span.c src/base/buf.h src/base/buf.c src/base/arena.h src/base/arena.c \
	src/base/log.h src/base/log.c src/base/clock.h src/base/clock.c src/base/limits.h src/base/codec.h src/base/codec.c \
	src/base/pattern.h src/base/pattern.c src/base/pair.h src/base/pair_avx2.c src/base/lanes.h \
	src/base/file.h src/base/file.c
