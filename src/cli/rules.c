/* gatepost rules: what is in force, where it stands and what it is for. */
#include "config.h"

#include "cli/commands.h"
#include "cli/load.h"
#include "cli/options.h"


static const char help[] =
    "Usage: gatepost rules [-c FILE]\n"
    "\n"
    "Lists the rules in force, a line each: the policy, the rule, its score or what\n"
    "it does, the file and line where it stands, and what it is about.\n"
    "\n"
    "  -c, --config FILE   the configuration (default " DEFAULT_CONFIG ")\n"
    "\n"
    "Exits with 0, or with 2 when the configuration is wrong.\n"
    "\n"
    "Examples:\n"
    "  gatepost rules\n"
    "  gatepost rules -c gatepost.yaml | grep reject\n";

enum { COLUMNS = 5 };

struct row {
	const char *cells[COLUMNS];
};

struct table {
	struct arena *arena;
	struct row *rows;
	size_t count, cap;
};

static void
add_row(struct table *t, const char *policy, const char *rule, const char *effect, const char *source,
    const char *about)
{
	t->rows = arena_grow(t->arena, t->rows, sizeof(*t->rows), &t->cap, t->count + 1);
	t->rows[t->count++] = (struct row){ { policy, rule, effect, source, about } };
}

static const char *
effect_of(struct arena *a, const struct rule_about *about)
{
	if (about->has_then && about->score != 0)
		return arena_printf(a, "%.10g %s", about->score, verdict_name(about->then));
	if (about->has_then)
		return verdict_name(about->then);
	return arena_printf(a, "%.10g", about->score);
}

static void
add_policy(struct table *t, const char *name, const struct ruleset *rules)
{
	for (size_t i = 0; i < ruleset_count(rules); i++) {
		struct rule_about about = ruleset_about(rules, i);

		add_row(t, name, about.name, effect_of(t->arena, &about),
		    arena_printf(t->arena, "%s:%zu", about.mark.file, about.mark.line),
		    about.about != NULL ? about.about : "");
	}
}

/* The last column ends the line and needs no width. */
static void
print_table(const struct table *t)
{
	int widths[COLUMNS] = { 0 };

	for (size_t i = 0; i < t->count; i++)
		for (size_t k = 0; k + 1 < COLUMNS; k++) {
			int len = (int)strlen(t->rows[i].cells[k]);

			if (len > widths[k])
				widths[k] = len;
		}
	for (size_t i = 0; i < t->count; i++) {
		for (size_t k = 0; k + 1 < COLUMNS; k++)
			printf("%-*s  ", widths[k], t->rows[i].cells[k]);
		printf("%.*s\n", (int)strcspn(t->rows[i].cells[COLUMNS - 1], "\n"), t->rows[i].cells[COLUMNS - 1]);
	}
}

static int
list(const char *file)
{
	struct loaded l;
	bool ok = load_config(&l, file);
	struct table t = { .arena = l.arena };

	if (ok) {
		add_row(&t, "POLICY", "RULE", "EFFECT", "SOURCE", "ABOUT");
		for (size_t i = 0; i < l.settings->policy_count; i++)
			add_policy(&t, l.settings->policies[i].name, l.rules[i]);
		print_table(&t);
		loaded_print_notes(&l, stderr);
	}
	loaded_free(&l);
	return ok ? STATUS_OK : STATUS_ERROR;
}

int
cmd_rules(int argc, char **argv)
{
	const char *config;
	int status;

	return option_config_only(argc, argv, help, &config, &status) ? list(config) : status;
}
