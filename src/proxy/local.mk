noinst_LIBRARIES += src/libproxy.a
src_libproxy_a_SOURCES =
