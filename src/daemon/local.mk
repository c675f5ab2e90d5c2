noinst_LIBRARIES += src/libdaemon.a
src_libdaemon_a_SOURCES =
