noinst_LIBRARIES += src/libproxy.a
src_libproxy_a_SOURCES = \
	src/proxy/clamd_port.c \
	src/proxy/clamd_port.h \
	src/proxy/edited.c \
	src/proxy/edited.h \
	src/proxy/ends.c \
	src/proxy/ends.h \
	src/proxy/held.c \
	src/proxy/held.h \
	src/proxy/keep_frame.c \
	src/proxy/keep_frame.h \
	src/proxy/keep_port.c \
	src/proxy/keep_port.h \
	src/proxy/proxy.c \
	src/proxy/proxy.h \
	src/proxy/scan_port.c \
	src/proxy/scan_port.h \
	src/proxy/session.c \
	src/proxy/session.h \
	src/proxy/smtp_back.c \
	src/proxy/smtp_data.c \
	src/proxy/smtp_front.c \
	src/proxy/smtp_log.c \
	src/proxy/smtp_log.h \
	src/proxy/smtp_message.h \
	src/proxy/smtp_session.c \
	src/proxy/smtp_session.h \
	src/proxy/smtp_verbs.c \
	src/proxy/smtp_verbs.h \
	src/proxy/smtp_verdict.c \
	src/proxy/spool.c \
	src/proxy/spool.h \
	src/proxy/stats.h
