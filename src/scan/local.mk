noinst_LIBRARIES += src/libscan.a
src_libscan_a_SOURCES = \
	src/scan/failure.c \
	src/scan/json.c \
	src/scan/preferences.c \
	src/scan/request.c \
	src/scan/request.h \
	src/scan/scan.c \
	src/scan/sections.c \
	src/scan/sections.h \
	src/scan/scan.h \
	src/scan/told.c \
	src/scan/told.h \
	src/scan/warm_up.c \
	src/scan/warm_up.h \
	src/scan/withhold.c
