noinst_LIBRARIES += src/libstore.a
src_libstore_a_SOURCES = \
	src/store/index.c \
	src/store/index.h \
	src/store/quarantine.c \
	src/store/quarantine.h \
	src/store/sqlite.c \
	src/store/sqlite.h \
	src/store/vault.c \
	src/store/vault.h \
	src/store/views.c \
	src/store/views.h
