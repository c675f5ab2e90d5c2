/* Logging. A line is put together in memory and written by one write(2), so
 * that the lines of several processes do not mix. */
#include "config.h"

#include "base/log.h"

#include "base/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

static struct {
	enum log_target target;
	enum log_format format;
	enum log_level least;
	const char *process;
	bool to_journal;
} logger = { .target = LOG_TARGET_STDERR, .format = LOG_FORMAT_LOGFMT, .least = LOG_LEVEL_INFO, .process = "gatepost" };

static const char *const level_names[] = { "debug", "info", "warning", "error" };
static const int syslog_levels[] = { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERR };

/* Whether systemd reads standard error, and with it the level that a line begins with
 * (systemd.exec(5), $JOURNAL_STREAM; sd-daemon(3)). */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(ours, sizeof(ours), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	return strcmp(stream, ours) == 0;
}

void
log_setup(enum log_target target, enum log_format format, enum log_level least)
{
	logger.target = target;
	logger.format = format;
	logger.least = least;
	logger.to_journal = stderr_is_journal();
	closelog();
	if (target == LOG_TARGET_SYSLOG)
		openlog("gatepost", LOG_PID | LOG_NDELAY, LOG_MAIL);
}

void
log_set_process(const char *name)
{
	logger.process = name;
}

bool
log_enabled(enum log_level level)
{
	return level >= logger.least;
}

/* Length of the well-formed UTF-8 character at the start of s (RFC 3629 4), or 0. */
static size_t
utf8_length(struct span s)
{
	unsigned char c = (unsigned char)s.data[0];
	size_t len = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;

	if (len == 0 || len > s.len)
		return 0;
	for (size_t i = 1; i < len; i++)
		if (((unsigned char)s.data[i] & 0xc0) != 0x80)
			return 0;
	unsigned char second = len > 1 ? (unsigned char)s.data[1] : 0;
	if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) || (c == 0xf0 && second < 0x90) ||
	    (c == 0xf4 && second > 0x8f))
		return 0;
	return len;
}

/* A control of ASCII, or one of U+0080 to U+009F, which terminals obey, too. */
static bool
is_control(struct span s)
{
	unsigned char c = (unsigned char)s.data[0];

	return c < 0x20 || c == 0x7f || (c == 0xc2 && s.len > 1 && (unsigned char)s.data[1] < 0xa0);
}

void
json_escape(struct buf *out, struct span s)
{
	while (s.len > 0) {
		size_t len = utf8_length(s);
		char c = s.data[0];

		if (len == 0) {
			buf_add_str(out, "\xef\xbf\xbd");
			len = 1;
		} else if (c == '"' || c == '\\') {
			buf_add_byte(out, '\\');
			buf_add_byte(out, c);
		} else if (is_control(s)) {
			buf_printf(out, "\\u%04x", (unsigned char)s.data[len - 1]);
		} else {
			buf_add(out, s.data, len);
		}
		s = span_from(s, len);
	}
}

static bool
is_plain(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.data[i]) && (s.data[i] == '\0' || strchr("-_.:/@+<>[]!,", s.data[i]) == NULL))
			return false;
	return s.len > 0;
}

static void
add_key(struct log_entry *e, const char *key)
{
	if (logger.format == LOG_FORMAT_JSON)
		buf_printf(&e->line, "%s\"%s\":", e->line.len > e->begun ? "," : "", key);
	else
		buf_printf(&e->line, "%s%s=", e->line.len > e->begun ? " " : "", key);
}

/* Takes a field back that does not fit, with the brace and the LF to come. */
static void
keep_if_fits(struct log_entry *e, size_t before)
{
	if (e->line.len > LOG_LINE_MAX - strlen("}\n"))
		e->line.len = before;
}

void
log_span(struct log_entry *e, const char *key, struct span value)
{
	size_t before = e->line.len;

	value = span_first(value, LOG_VALUE_MAX);
	add_key(e, key);
	if (logger.format == LOG_FORMAT_LOGFMT && is_plain(value)) {
		buf_add_span(&e->line, value);
	} else {
		buf_add_byte(&e->line, '"');
		json_escape(&e->line, value);
		buf_add_byte(&e->line, '"');
	}
	keep_if_fits(e, before);
}

void
log_text(struct log_entry *e, const char *key, const char *value)
{
	log_span(e, key, span_str(value));
}

void
log_number(struct log_entry *e, const char *key, int64_t value)
{
	size_t before = e->line.len;

	add_key(e, key);
	buf_printf(&e->line, "%lld", (long long)value);
	keep_if_fits(e, before);
}

void
log_decimal(struct log_entry *e, const char *key, double value)
{
	size_t before = e->line.len;

	add_key(e, key);
	buf_printf(&e->line, "%.2f", value);
	keep_if_fits(e, before);
}

void
log_begin(struct log_entry *e, enum log_level level, const char *event)
{
	char now[CLOCK_ISO_SIZE];

	buf_init(&e->line, 0);
	e->level = level;
	if (logger.target == LOG_TARGET_STDERR && logger.to_journal)
		buf_printf(&e->line, "<%d>", syslog_levels[level]);
	if (logger.format == LOG_FORMAT_JSON)
		buf_add_byte(&e->line, '{');
	e->begun = e->line.len;
	if (logger.target == LOG_TARGET_STDERR) {
		clock_iso(now);
		log_text(e, "time", now);
	}
	log_text(e, "level", level_names[level]);
	log_text(e, "process", logger.process);
	log_text(e, "event", event);
}

static void
write_line(struct log_entry *e)
{
	struct span line;

	buf_add_byte(&e->line, '\n');
	line = buf_span(&e->line);
	/* Nobody is left to tell when standard error is gone or full. */
	while (write(STDERR_FILENO, line.data, line.len) < 0 && errno == EINTR)
		;
}

void
log_end(struct log_entry *e)
{
	if (logger.format == LOG_FORMAT_JSON)
		buf_add_byte(&e->line, '}');
	if (!log_enabled(e->level) || e->line.failed) {
		buf_free(&e->line);
		return;
	}
	if (logger.target == LOG_TARGET_SYSLOG)
		syslog(syslog_levels[e->level], "%s", buf_str(&e->line));
	else
		write_line(e);
	buf_free(&e->line);
}

void
log_line(enum log_level level, const char *event, const char *format, ...)
{
	struct log_entry e;
	char text[LOG_VALUE_MAX];
	va_list args;

	if (!log_enabled(level))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_begin(&e, level, event);
	log_text(&e, "msg", text);
	log_end(&e);
}
