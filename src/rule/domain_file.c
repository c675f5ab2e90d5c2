/* Files of domains: one a line, "#" begins a comment. */
#include "config.h"

#include "rule/domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/address.h"
#include "rule/compile.h"

struct domain_reader {
	struct compiler *compiler;
	struct domain_set *set;
	struct mark mark;
	bool good;
};

/* A relative path begins at the folder of the rule file. */
static const char *
path_of(struct compiler *c, const struct mark *mark, const char *path)
{
	const char *slash = strrchr(mark->file, '/');

	if (slash == NULL)
		return path;
	return path_resolve(c->arena, arena_strndup(c->arena, span_of(mark->file, (size_t)(slash - mark->file))), path);
}

static void
read_line(struct domain_reader *r, struct span line)
{
	struct span name = span_trim(span_first(line, span_find_byte(line, '#')));
	const char *wrong;

	r->mark.line++;
	if (name.len == 0)
		return;
	wrong = domain_set_add(r->set, name);
	if (wrong == NULL)
		return;
	r->mark.column = (size_t)(name.data - line.data) + 1;
	report_add(r->compiler->report, r->mark, "%s: \"" YAML_SHOWN "\"", wrong,
	    arena_strndup(r->compiler->arena, name));
	r->good = false;
}

bool
domain_file_read(struct compiler *c, struct yaml *value, struct domain_set *set)
{
	struct domain_reader r = { .compiler = c, .set = set, .good = true };
	const char *path;
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	FILE *file;

	if (!yaml_string(value, &path, c->report))
		return false;
	path = path_of(c, &value->mark, path);
	r.mark.file = path;
	file = fopen(path, "re");
	while (file != NULL && (len = getline(&line, &room, file)) >= 0)
		read_line(&r, span_of(line, (size_t)len));
	free(line);
	if (file == NULL || ferror(file)) {
		report_add(c->report, value->mark, "%s: %s", path, strerror(errno));
		r.good = false;
	}
	if (file != NULL)
		fclose(file);
	return r.good;
}
