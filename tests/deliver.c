/* deliver CONFIG POLICY FOLDER: scans the messages whose paths it is given, one
 * a line, writes into FOLDER each that the policy delivers, as it would be
 * delivered, under its own file name, and prints the answers as `gatepost scan
 * --json` does. One process for all, which `gatepost scan --rewritten` is not. */
#include "config.h"

#include "scan/scan.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct delivery {
	struct scanner *scanner;
	struct scan_request request;
	FILE *out;
};

static const struct settings *
read_config(struct arena *a, const char *file, struct ruleset ***rules)
{
	struct report report;
	const struct settings *settings;
	bool ok;

	report_init(&report, a);
	settings = settings_read(a, file, &report);
	ok = settings != NULL;
	if (ok)
		*rules = ARENA_ARRAY(a, struct ruleset *, settings->policy_count);
	for (size_t i = 0; ok && i < settings->policy_count; i++)
		ok = ((*rules)[i] = ruleset_compile(a, settings, i, &report)) != NULL;
	report_print(&report, stderr);
	return ok ? settings : NULL;
}

static size_t
policy_named(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->policy_count; i++)
		if (strcmp(settings->policies[i].name, name) == 0)
			return i;
	fprintf(stderr, "no policy %s\n", name);
	exit(2);
}

/* Not empty; mapped for good. */
static struct span
map_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *data;

	if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0)
		return SPAN_NONE;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	return data == MAP_FAILED ? SPAN_NONE : span_of(data, (size_t)st.st_size);
}

static bool
write_piece(void *context, bool original, uint64_t offset, struct span bytes)
{
	struct delivery *d = context;
	const char *data = original ? d->request.message.data + offset : bytes.data;

	return fwrite(data, 1, bytes.len, d->out) == bytes.len;
}

static bool
is_delivered(enum verdict v)
{
	return v == VERDICT_ACCEPT || v == VERDICT_TAG || v == VERDICT_STRIP;
}

static bool
deliver(struct delivery *d, const char *path, const char *folder)
{
	const char *slash = strrchr(path, '/');
	const struct scan_answer *answer;
	struct arena *a = arena_new(0);
	struct buf line = { 0 };
	bool ok = true;

	d->request.message = map_file(path);
	answer = scanner_run(d->scanner, &d->request, -1);
	scan_answer_json(&line, answer, path, 0);
	printf("%.*s\n", SPAN_ARG(buf_span(&line)));
	if (is_delivered(answer->verdict)) {
		d->out = fopen(arena_printf(a, "%s/%s", folder, slash != NULL ? slash + 1 : path), "wbe");
		ok = d->out != NULL && edits_stream(answer->edits, answer->edit_count, d->request.message.len, write_piece, d);
		ok = d->out != NULL && fclose(d->out) == 0 && ok;
	}
	buf_free(&line);
	arena_free(&a);
	return ok;
}

int
main(int argc, char **argv)
{
	struct arena *a = arena_new(0);
	struct delivery d = { .request.want_parts = true };
	const struct settings *settings;
	struct ruleset **rules = NULL;
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	bool ok = true;

	if (argc != 4 || (settings = read_config(a, argv[1], &rules)) == NULL)
		return 2;
	d.request.policy = policy_named(settings, argv[2]);
	d.scanner = scanner_new(settings, rules);
	while (ok && d.scanner != NULL && (len = getline(&line, &cap, stdin)) > 0) {
		line[len - 1] = '\0';
		ok = deliver(&d, line, argv[3]);
	}
	ok = ok && d.scanner != NULL;
	free(line);
	scanner_free(&d.scanner);
	arena_free(&a);
	return ok ? 0 : 1;
}
