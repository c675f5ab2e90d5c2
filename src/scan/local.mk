noinst_LIBRARIES += src/libscan.a
src_libscan_a_SOURCES =
