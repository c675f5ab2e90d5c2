/* Command lines: taken in any cut the same; what a parsed command points at
 * lies within its line and holds no control. The first octet chooses the cut. */
#include "config.h"

#include "wire/line.h"
#include "wire/smtp_command.h"

#include "base/buf.h"
#include "base/limits.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

static void
demand_within(struct span inner, struct span outer)
{
	demand(inner.len == 0 || (inner.data >= outer.data && span_end(inner) <= span_end(outer)));
}

static void
demand_no_control(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		demand((unsigned char)s.data[i] >= ' ' && s.data[i] != 0x7f);
}

static void
check_params(const struct smtp_command *cmd)
{
	demand(cmd->param_count <= SMTP_PARAMS_MAX);
	for (size_t i = 0; i < cmd->param_count; i++) {
		demand_within(cmd->params[i].keyword, cmd->line);
		demand_within(cmd->params[i].value, cmd->line);
		demand_no_control(cmd->params[i].keyword);
		demand_no_control(cmd->params[i].value);
		demand(cmd->params[i].has_value == (cmd->params[i].value.len > 0));
		demand(span_find_byte(cmd->params[i].value, ' ') == SIZE_MAX);
	}
}

static void
check_command(struct span line)
{
	struct smtp_command cmd;
	const char *error = smtp_command_parse(line, &cmd);

	demand(span_eq(cmd.line, line));
	demand_within(cmd.argument, line);
	if (error != NULL) {
		demand(error[0] == '5' && span_find_byte(span_str(error), '\n') == SIZE_MAX);
		return;
	}
	demand(cmd.verb != SMTP_UNKNOWN);
	demand(span_starts_nocase(line, smtp_verb_name(cmd.verb)));
	demand(cmd.path.len <= ADDRESS_MAX);
	demand_within(cmd.path, line);
	demand_no_control(cmd.path);
	demand(cmd.chunk <= INT64_MAX);
	check_params(&cmd);
}

/* The lines of an input that arrives `step` octets at a time. */
static void
take_lines(struct span in, size_t step, struct buf *out)
{
	size_t start = 0, arrived = 0;
	bool remainder = false;

	while (arrived < in.len) {
		struct span line;
		size_t used;
		bool clean;
		int result;

		arrived = in.len - arrived > step ? arrived + step : in.len;
		while ((result = line_take(span_of(in.data + start, arrived - start), 40, &line, &used, &clean)) != 0) {
			demand(used > 0 && used <= arrived - start);
			start += used;
			if (result > 0 && !remainder) {
				buf_put_span(out, line);
				buf_put_u32(out, clean);
				check_command(line);
			}
			remainder = result < 0;
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_from(span_of((const char *)data, size), 1);
	struct buf whole = { .len = 0 }, cut = { .len = 0 };

	check_command(in);
	take_lines(in, SIZE_MAX, &whole);
	take_lines(in, size > 0 ? data[0] % 16 + 1 : 1, &cut);
	demand(span_eq(buf_span(&whole), buf_span(&cut)));
	buf_free(&whole);
	buf_free(&cut);
	return 0;
}
