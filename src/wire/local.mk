noinst_LIBRARIES += src/libwire.a
src_libwire_a_SOURCES =
