noinst_LIBRARIES += src/libengine.a
src_libengine_a_SOURCES =
