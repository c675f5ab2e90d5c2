noinst_LIBRARIES += src/libdaemon.a
src_libdaemon_a_SOURCES = \
	src/daemon/board.c \
	src/daemon/board.h \
	src/daemon/cage.c \
	src/daemon/cage.h \
	src/daemon/channel.c \
	src/daemon/channel.h \
	src/daemon/children.c \
	src/daemon/children.h \
	src/daemon/control.c \
	src/daemon/control.h \
	src/daemon/filter.c \
	src/daemon/filter.h \
	src/daemon/generation.c \
	src/daemon/generation.h \
	src/daemon/health.c \
	src/daemon/keeper_process.c \
	src/daemon/keeper_process.h \
	src/daemon/landlock.c \
	src/daemon/landlock.h \
	src/daemon/links.c \
	src/daemon/links.h \
	src/daemon/listeners.c \
	src/daemon/listeners.h \
	src/daemon/master.c \
	src/daemon/master.h \
	src/daemon/metrics.c \
	src/daemon/metrics.h \
	src/daemon/privileges.c \
	src/daemon/privileges.h \
	src/daemon/proxy_process.c \
	src/daemon/proxy_process.h \
	src/daemon/reporter_process.c \
	src/daemon/reporter_process.h \
	src/daemon/scanner_process.c \
	src/daemon/scanner_process.h \
	src/daemon/single.c
