noinst_LIBRARIES += src/librewrite.a
src_librewrite_a_SOURCES = \
	src/rewrite/compose.c \
	src/rewrite/compose.h \
	src/rewrite/edit.c \
	src/rewrite/edit.h \
	src/rewrite/flow.c \
	src/rewrite/flow.h \
	src/rewrite/notice.c \
	src/rewrite/notice.h \
	src/rewrite/preserve.c \
	src/rewrite/preserve.h \
	src/rewrite/preserve_body.c \
	src/rewrite/preserve_body.h \
	src/rewrite/removal.c \
	src/rewrite/removal.h \
	src/rewrite/renew.c \
	src/rewrite/renew.h \
	src/rewrite/renew_fields.c \
	src/rewrite/renew_fields.h \
	src/rewrite/strip.c \
	src/rewrite/strip.h \
	src/rewrite/tag.c \
	src/rewrite/tag.h \
	src/rewrite/text.c \
	src/rewrite/text.h
