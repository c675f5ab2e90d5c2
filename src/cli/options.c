/* Reading options: getopt_long() does it, silently; what it could not read is
 * told here, with the nearest option that there is. */
#include "config.h"

#include "cli/options.h"

#include "cli/commands.h"
#include "conf/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { OPTIONS_MAX = 16 }; /* of one command */

int
complain(const char *format, ...)
{
	va_list args;

	fputs("gatepost: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return STATUS_ERROR;
}

static const char *
nearest_option(const char *word, const struct option *longs)
{
	const char *names[OPTIONS_MAX + 1] = { NULL };

	for (size_t i = 0; i < OPTIONS_MAX && longs[i].name != NULL; i++)
		names[i] = longs[i].name;
	return nearest_word(word, names);
}

/* "--name=value" of an option that takes none. */
static bool
has_a_value_too_many(const char *word, const struct option *longs)
{
	size_t len = strcspn(word, "=");

	if (len < 3 || word[0] != '-' || word[1] != '-' || word[len] == '\0')
		return false;
	while (longs->name != NULL && (longs->val != optopt || strncmp(longs->name, word + 2, len - 2) != 0))
		longs++;
	return longs->name != NULL;
}

static void
complain_of_option(const char *command, const char *word, const struct option *longs)
{
	const char *nearest = word[0] == '-' && word[1] == '-' ? nearest_option(word + 2, longs) : NULL;

	if (nearest != NULL)
		complain("%s: unknown option \"%s\"; did you mean \"--%s\"?", command, word, nearest);
	else
		complain("%s: unknown option \"%s\"; see \"gatepost %s --help\"", command, word, command);
}

int
option_next(int argc, char **argv, const char *shorts, const struct option *longs)
{
	int option;

	opterr = 0;
	option = getopt_long(argc, argv, shorts, longs, NULL);
	if (option == ':') {
		complain("%s: the option \"%s\" needs a value", argv[0], argv[optind - 1]);
		return '?';
	}
	if (option == '?' && has_a_value_too_many(argv[optind - 1], longs)) {
		complain("%s: \"%s\": the option takes no value", argv[0], argv[optind - 1]);
	} else if (option == '?') {
		const char short_word[] = { '-', (char)optopt, '\0' };

		/* A short one may stand in the middle of a word that optind has not left. */
		complain_of_option(argv[0], optopt > 0 && optopt < 256 ? short_word : argv[optind - 1], longs);
	}
	return option;
}

bool
option_config_only(int argc, char **argv, const char *help, const char **config, int *status)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	*config = DEFAULT_CONFIG;
	*status = STATUS_ERROR;
	while ((option = option_next(argc, argv, ":c:h", options)) != -1) {
		if (option == '?')
			return false;
		if (option == 'h') {
			fputs(help, stdout);
			*status = STATUS_OK;
			return false;
		}
		*config = optarg;
	}
	if (optind == argc)
		return true;
	complain("%s: \"%s\" is one argument too many", argv[0], argv[optind]);
	return false;
}
