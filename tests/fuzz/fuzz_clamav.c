/* A database: the first line is the file's extension. What can be read is also
 * searched with. */
#include "config.h"

#include "engine/clamav.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ignore(void *context, const char *name)
{
	(void)context;
	(void)name;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of((const char *)data, size), extension;
	struct arena *a = arena_new(0);
	struct clam_loader *l = clam_loader_new(a, NULL);
	struct clam_db *db;

	if (span_split(&text, '\n', &extension) && text.data != NULL) {
		struct clam_object o = { .data = text, .type = CLAM_TEXT };
		struct clam_scratch *scratch;

		clam_loader_add_text(l, arena_printf(a, "x.%.*s", SPAN_ARG(span_first(extension, 8))), text);
		clam_loader_finish(l, &db);
		scratch = clam_scratch_new(db);
		clam_scan(db, scratch, &o, ignore, NULL);
		clam_scratch_free(&scratch);
	}
	arena_free(&a);
	return 0;
}
