/* Logging: one line an event, as logfmt (time=… level=… event=… key=value) or
 * as one JSON object, to standard error or to syslog. Values are escaped, so
 * nothing that a client sends can forge a line. Credentials and message text
 * are never given to it. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/buf.h"
#include "base/span.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };
enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG };

void log_setup(enum log_target target, enum log_format format, enum log_level least);
/* Who speaks ("master", "proxy 2"); the string lives on. */
void log_set_process(const char *name);
bool log_enabled(enum log_level level);

/* event=… msg="…" in one call. */
void log_line(enum log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
#define log_debug(event, ...) log_line(LOG_LEVEL_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) log_line(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_warning(event, ...) log_line(LOG_LEVEL_WARNING, event, __VA_ARGS__)
#define log_error(event, ...) log_line(LOG_LEVEL_ERROR, event, __VA_ARGS__)

/* A line with many fields:
 *     struct log_entry e;
 *     log_begin(&e, LOG_LEVEL_INFO, "message");
 *     log_span(&e, "from", sender);
 *     log_number(&e, "size", size);
 *     log_end(&e);
 * Each value is cut at LOG_VALUE_MAX bytes; a field that would make the line
 * longer than LOG_LINE_MAX is left out. */
enum { LOG_VALUE_MAX = 1024, LOG_LINE_MAX = 8192 };
struct log_entry {
	struct buf line;
	size_t begun; /* octets of it that are before the first field */
	enum log_level level;
};
void log_begin(struct log_entry *e, enum log_level level, const char *event);
void log_span(struct log_entry *e, const char *key, struct span value);
void log_text(struct log_entry *e, const char *key, const char *value);
void log_number(struct log_entry *e, const char *key, int64_t value);
void log_decimal(struct log_entry *e, const char *key, double value);
void log_end(struct log_entry *e);

/* Appends s as the inside of a JSON string (RFC 8259 7); bytes that are not
 * UTF-8 become U+FFFD. */
void json_escape(struct buf *out, struct span s);

#endif
