noinst_LIBRARIES += src/librule.a
src_librule_a_SOURCES =
