/* YARA's rules by libyara: compiled before processes fork, held against content
 * in the cage, where its scanner needs no file and no thread. Faults are not
 * caught: all of the content is in memory, and a process that dies on a message
 * is the cage's concern. Each scan has a time after which it is given up. */
#include "config.h"

#include "engine/yara.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <yara.h>

enum { SCAN_SECONDS = 10 }; /* libyara looks at the clock now and then */

struct yara_set {
	YR_RULES *rules;
	size_t count;
};

struct yara_scratch {
	YR_SCANNER *scanner;
	void (*found)(void *context, const char *rule);
	void *context;
	bool decided;
};

/* --- Compiling --- */

struct compiling {
	struct arena *arena;
	const char *file, *error; /* the first */
};

static void
take_error(int level, const char *file, int line, const YR_RULE *rule, const char *message, void *context)
{
	struct compiling *c = context;

	(void)file;
	(void)rule;
	if (level == YARA_ERROR_LEVEL_ERROR && c->error == NULL)
		c->error = arena_printf(c->arena, "%s:%d: %s", c->file, line, message);
}

static void
add_file(YR_COMPILER *compiler, struct compiling *c, const char *file)
{
	FILE *in = fopen(file, "re");

	c->file = file;
	if (in == NULL) {
		c->error = arena_printf(c->arena, "%s: %s", file, strerror(errno));
		return;
	}
	if (yr_compiler_add_file(compiler, in, file, file) > 0 && c->error == NULL)
		c->error = arena_printf(c->arena, "%s: cannot be compiled", file);
	fclose(in);
}

static void
release_rules(void *rules)
{
	yr_rules_destroy(rules);
	yr_finalize();
}

/* Modules that open files. A module is loaded at the beginning of a scan, after
 * a callback was asked. */
static int
take_import(YR_SCAN_CONTEXT *scan, int message, void *data, void *context)
{
	static const char *const refused[] = { "magic", "cuckoo" };
	struct compiling *c = context;

	(void)scan;
	if (message != CALLBACK_MSG_IMPORT_MODULE)
		return CALLBACK_CONTINUE;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (strcmp(((YR_MODULE_IMPORT *)data)->module_name, refused[i]) == 0) {
			c->error = arena_printf(c->arena, "the module \"%s\" reads files and cannot be used", refused[i]);
			return CALLBACK_ERROR;
		}
	return CALLBACK_CONTINUE;
}

static const char *
check_imports(struct arena *a, YR_RULES *rules)
{
	struct compiling c = { .arena = a };
	int result = yr_rules_scan_mem(rules, (const uint8_t *)"", 0, SCAN_FLAGS_NO_TRYCATCH, take_import, &c, SCAN_SECONDS);

	return result == ERROR_SUCCESS || c.error != NULL ? c.error : "a first scan failed";
}

/* With what yr_initialize() made at hand. */
static const char *
compile(struct arena *a, const char *const *files, size_t count, YR_RULES **rules)
{
	struct compiling c = { .arena = a };
	YR_COMPILER *compiler;

	if (yr_compiler_create(&compiler) != ERROR_SUCCESS)
		arena_give_up(a, "out of memory");
	yr_compiler_set_callback(compiler, take_error, &c);
	yr_compiler_set_include_callback(compiler, NULL, NULL, NULL);
	for (size_t i = 0; i < count && c.error == NULL; i++)
		add_file(compiler, &c, files[i]);
	if (c.error == NULL && yr_compiler_get_rules(compiler, rules) != ERROR_SUCCESS)
		c.error = "the rules could not be compiled";
	yr_compiler_destroy(compiler);
	if (c.error == NULL && (c.error = check_imports(a, *rules)) != NULL)
		yr_rules_destroy(*rules);
	return c.error;
}

const char *
yara_compile(struct arena *a, const char *const *files, size_t count, struct yara_set **out)
{
	struct yara_set *set = ARENA_NEW(a, struct yara_set);
	const char *error;
	YR_RULE *rule;

	if (yr_initialize() != ERROR_SUCCESS)
		return "libyara cannot begin";
	yr_set_configuration_uint32(YR_CONFIG_MAX_MATCH_DATA, 0); /* nobody looks at it */
	error = compile(a, files, count, &set->rules);
	if (error != NULL) {
		yr_finalize();
		return error;
	}
	arena_defer(a, release_rules, set->rules);
	yr_rules_foreach(set->rules, rule)
		set->count++;
	*out = set;
	return NULL;
}

size_t
yara_count(const struct yara_set *set)
{
	return set->count;
}

/* --- Scanning --- */

static int
take_event(YR_SCAN_CONTEXT *scan, int message, void *data, void *context)
{
	struct yara_scratch *s = context;

	(void)scan;
	if (message == CALLBACK_MSG_RULE_MATCHING)
		s->found(s->context, ((YR_RULE *)data)->identifier);
	if (message == CALLBACK_MSG_TOO_MANY_MATCHES)
		s->decided = false;
	return CALLBACK_CONTINUE;
}

struct yara_scratch *
yara_scratch_new(const struct yara_set *set)
{
	struct yara_scratch *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	if (yr_scanner_create(set->rules, &s->scanner) != ERROR_SUCCESS) {
		free(s);
		return NULL;
	}
	yr_scanner_set_timeout(s->scanner, SCAN_SECONDS);
	yr_scanner_set_flags(s->scanner, SCAN_FLAGS_NO_TRYCATCH | SCAN_FLAGS_REPORT_RULES_MATCHING);
	yr_scanner_set_callback(s->scanner, take_event, s);
	return s;
}

void
yara_scratch_free(struct yara_scratch **s)
{
	if (*s == NULL)
		return;
	yr_scanner_destroy((*s)->scanner);
	free(*s);
	*s = NULL;
}

bool
yara_scan(struct yara_scratch *s, struct span data, void (*found)(void *context, const char *rule), void *context)
{
	const char *bytes = data.data != NULL ? data.data : "";

	if (s == NULL)
		return false;
	s->found = found;
	s->context = context;
	s->decided = true;
	return yr_scanner_scan_mem(s->scanner, (const uint8_t *)bytes, data.len) == ERROR_SUCCESS && s->decided;
}
