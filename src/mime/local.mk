noinst_LIBRARIES += src/libmime.a
src_libmime_a_SOURCES =
