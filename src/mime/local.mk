noinst_LIBRARIES += src/libmime.a
src_libmime_a_SOURCES = \
	src/mime/base64.c \
	src/mime/bodies.c \
	src/mime/boundary.c \
	src/mime/boundary.h \
	src/mime/charset.c \
	src/mime/charset.h \
	src/mime/charset_names.c \
	src/mime/content.c \
	src/mime/decode.c \
	src/mime/decode.h \
	src/mime/defects.c \
	src/mime/defects.h \
	src/mime/embedded.c \
	src/mime/field.c \
	src/mime/field.h \
	src/mime/header.c \
	src/mime/message.c \
	src/mime/message.h \
	src/mime/params.c \
	src/mime/parser.h \
	src/mime/quoted_printable.c \
	src/mime/scratch.c \
	src/mime/survey.c \
	src/mime/text.h \
	src/mime/utf8.c \
	src/mime/utf8.h \
	src/mime/uuencode.c \
	src/mime/uuencode.h \
	src/mime/words.c
