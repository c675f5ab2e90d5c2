noinst_LIBRARIES += src/libwire.a
src_libwire_a_SOURCES = src/wire/clamd.h src/wire/clamd.c \
	src/wire/line.h src/wire/line.c \
	src/wire/smtp_command.h src/wire/smtp_command.c src/wire/smtp_path.h src/wire/smtp_path.c \
	src/wire/smtp_reply.h src/wire/smtp_reply.c src/wire/smtp_offers.c \
	src/wire/pop3_command.h src/wire/pop3_command.c \
	src/wire/pop3_reply.h src/wire/pop3_reply.c \
	src/wire/pop3_listing.h src/wire/pop3_listing.c \
	src/wire/pop3_offers.h src/wire/pop3_offers.c \
	src/wire/imap_line.h src/wire/imap_line.c src/wire/imap_token.h src/wire/imap_token.c \
	src/wire/imap_set.h src/wire/imap_set.c src/wire/imap_command.h src/wire/imap_command.c \
	src/wire/imap_append.h src/wire/imap_append.c src/wire/imap_fetch.h src/wire/imap_fetch.c \
	src/wire/imap_fetch_reader.h src/wire/imap_fetch_reader.c \
	src/wire/imap_response.h src/wire/imap_response.c src/wire/imap_capability.h src/wire/imap_capability.c \
	src/wire/imap_structure.h src/wire/imap_structure.c \
	src/wire/mail_data.h src/wire/mail_data.c src/wire/mail_stuff.c \
	src/wire/sasl.h src/wire/sasl.c
