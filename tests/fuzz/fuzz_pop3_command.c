/* POP3 command lines: what an accepted command points at lies within its line,
 * ends no line, and means to us what it would mean to a server that splits at
 * the first SP. */
#include "config.h"

#include "wire/pop3_command.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool holds)
{
	if (!holds)
		abort();
}

static void
demand_clean(const struct pop3_command *c)
{
	for (size_t i = 0; i < c->line.len; i++) {
		char octet = c->line.data[i];

		demand(octet != '\0' && octet != '\r' && octet != '\n');
		demand(c->verb == POP3_PASS || ((unsigned char)octet >= ' ' && octet != 0x7f));
	}
}

static bool
may_have_number(enum pop3_verb verb)
{
	return verb == POP3_LIST || verb == POP3_UIDL || verb == POP3_RETR || verb == POP3_TOP || verb == POP3_DELE;
}

static void
demand_words(const struct pop3_command *c)
{
	size_t sp = span_find_byte(c->argument, ' ');
	bool two = c->verb == POP3_APOP || c->verb == POP3_AUTH;

	if (two && sp != SIZE_MAX)
		demand(span_find_byte(span_from(c->argument, sp + 1), ' ') == SIZE_MAX && sp + 1 < c->argument.len);
	if (c->verb == POP3_PASS)
		demand(span_eq(c->argument, span_from(c->line, strlen("PASS "))));
	else if (c->argument.len > 0)
		demand(c->argument.data[0] != ' ' && span_end(c->argument)[-1] != ' ');
}

static void
check_command(struct span line)
{
	struct pop3_command c;
	const char *error = pop3_command_parse(line, &c);
	struct span name;

	demand(span_eq(c.line, line) && c.verb < POP3_VERBS);
	demand(c.argument.len == 0 || (c.argument.data >= line.data && span_end(c.argument) <= span_end(line)));
	if (error != NULL) {
		demand(error[0] >= 'a' && error[0] <= 'z' && span_find_byte(span_str(error), '\n') == SIZE_MAX);
		return;
	}
	name = span_str(pop3_verb_name(c.verb));
	demand(c.verb != POP3_UNKNOWN && span_eq_nocase(span_first(line, name.len), name));
	demand(line.len == name.len || line.data[name.len] == ' ');
	demand(c.has_number == (c.number > 0));
	demand(!c.has_number || may_have_number(c.verb));
	demand(c.lines == 0 || c.verb == POP3_TOP);
	demand_clean(&c);
	demand_words(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of((const char *)data, size), line;

	check_command(rest);
	while (span_split(&rest, '\n', &line)) {
		if (span_ends_nocase(line, "\r"))
			line.len--;
		check_command(line);
	}
	return 0;
}
