noinst_LIBRARIES += src/librewrite.a
src_librewrite_a_SOURCES =
