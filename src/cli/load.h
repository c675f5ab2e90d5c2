/* The configuration and its rules, for the commands that work offline. */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include "rule/ruleset.h"

#include <stdio.h>

struct loaded {
	struct arena *arena;
	const struct settings *settings;
	struct ruleset **rules; /* one a policy */
};

/* Reads FILE and compiles its rules. False when something is wrong: all of it
 * was told on standard error. Either way loaded_free() gives it back. */
bool load_config(struct loaded *l, const char *file);
/* The same without a configuration: one policy "default" with those rule
 * files, tagging from 5.0 and rejecting from 15.0. Nothing is copied. */
bool load_rules(struct loaded *l, const char **files, size_t count);
/* With the starter rules that gatepost was installed with. */
bool load_default_rules(struct loaded *l);
void loaded_free(struct loaded *l);

/* A line for each note of the rules. */
void loaded_print_notes(const struct loaded *l, FILE *out);

/* The index of that policy (NULL: the first); SIZE_MAX after telling that
 * there is none. */
size_t loaded_policy(const struct loaded *l, const char *name);
/* What that user has of his own, with his file; false after telling what is
 * wrong with it. */
bool loaded_user(const struct loaded *l, const char *name, struct user_settings *out);
/* Reads the files of all users; errors are added to the report. */
void loaded_check_users(const struct loaded *l, struct report *report);

#endif
