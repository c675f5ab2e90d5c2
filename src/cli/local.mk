bin_PROGRAMS = src/gatepost
src_gatepost_SOURCES = \
	src/cli/check.c \
	src/cli/clamd_asker.c \
	src/cli/clamd_asker.h \
	src/cli/commands.h \
	src/cli/control_client.c \
	src/cli/control_client.h \
	src/cli/ctl.c \
	src/cli/ctl_show.c \
	src/cli/ctl_show.h \
	src/cli/ctl_status.c \
	src/cli/ctl_top.c \
	src/cli/ctl_top.h \
	src/cli/figures.c \
	src/cli/figures.h \
	src/cli/load.c \
	src/cli/load.h \
	src/cli/mail_list.c \
	src/cli/mail_list.h \
	src/cli/main.c \
	src/cli/mbox.c \
	src/cli/mbox.h \
	src/cli/options.c \
	src/cli/options.h \
	src/cli/progress.c \
	src/cli/progress.h \
	src/cli/rule_tests.c \
	src/cli/rule_tests.h \
	src/cli/rules.c \
	src/cli/run.c \
	src/cli/scan.c \
	src/cli/scan_job.c \
	src/cli/scan_job.h \
	src/cli/scan_pool.c \
	src/cli/scan_pool.h \
	src/cli/scan_summary.c \
	src/cli/scan_summary.h \
	src/cli/screen.c \
	src/cli/screen.h \
	src/cli/test.c
src_gatepost_LDADD = $(GATEPOST_LIBS) $(GATEPOST_DEPS)
