/* Files of a database: which there are, and their lines. A file is read as a
 * whole, line by line; each kind's reader is in a file of its own. Lists of
 * names to ignore are read before all others, whatever the order given. */
#include "config.h"

#include "engine/clamav_db.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
	MALFORMED_TOLD = 5, /* of a file; the others are counted */
	NAME_SHOWN = 100,
};

enum kind {
	KIND_IGNORE, KIND_FILE_HASH, KIND_SECTION_HASH, KIND_ALLOWED, KIND_BODY, KIND_LOGICAL, KIND_MEMBER,
	KIND_UNSUPPORTED, /* ClamAV's, but not read here */
	KIND_UNKNOWN,
};

static const struct {
	const char *extension;
	enum kind kind;
	bool unwanted; /* of potentially unwanted programs: only where the file is named */
} kinds[] = {
	{ ".ign2", KIND_IGNORE, false },
	{ ".hdb", KIND_FILE_HASH, false },
	{ ".hsb", KIND_FILE_HASH, false },
	{ ".hdu", KIND_FILE_HASH, true },
	{ ".hsu", KIND_FILE_HASH, true },
	{ ".mdb", KIND_SECTION_HASH, false },
	{ ".msb", KIND_SECTION_HASH, false },
	{ ".mdu", KIND_SECTION_HASH, true },
	{ ".msu", KIND_SECTION_HASH, true },
	{ ".fp", KIND_ALLOWED, false },
	{ ".sfp", KIND_ALLOWED, false },
	{ ".ndb", KIND_BODY, false },
	{ ".ndu", KIND_BODY, true },
	{ ".ldb", KIND_LOGICAL, false },
	{ ".ldu", KIND_LOGICAL, true },
	{ ".cdb", KIND_MEMBER, false },
	{ ".cvd", KIND_UNSUPPORTED, false },
	{ ".cld", KIND_UNSUPPORTED, false },
	{ ".cud", KIND_UNSUPPORTED, false },
	{ ".db", KIND_UNSUPPORTED, false },
	{ ".sdb", KIND_UNSUPPORTED, false },
	{ ".zmd", KIND_UNSUPPORTED, false },
	{ ".rmd", KIND_UNSUPPORTED, false },
	{ ".pdb", KIND_UNSUPPORTED, false },
	{ ".gdb", KIND_UNSUPPORTED, false },
	{ ".wdb", KIND_UNSUPPORTED, false },
	{ ".cbc", KIND_UNSUPPORTED, false },
	{ ".cfg", KIND_UNSUPPORTED, false },
	{ ".crb", KIND_UNSUPPORTED, false },
	{ ".cat", KIND_UNSUPPORTED, false },
	{ ".ftm", KIND_UNSUPPORTED, false },
	{ ".idb", KIND_UNSUPPORTED, false },
	{ ".imp", KIND_UNSUPPORTED, false },
	{ ".ign", KIND_UNSUPPORTED, false },
	{ ".ioc", KIND_UNSUPPORTED, false },
	{ ".pwdb", KIND_UNSUPPORTED, false },
	{ ".yar", KIND_UNSUPPORTED, false },
	{ ".yara", KIND_UNSUPPORTED, false },
};

struct clam_file {
	const char *path;
	enum kind kind;
	struct span text; /* without data: the file is still to be read */
};

/* --- What readers of lines share --- */

size_t
clam_fields(struct span line, char separator, struct span *out)
{
	size_t count = 0;

	while (count < CLAM_FIELDS_MAX && span_split(&line, separator, &out[count]))
		count++;
	return line.data == NULL ? count : 0;
}

/* Empty fields bind nothing. */
bool
clam_levels_fit(struct span least, struct span most, bool *fit)
{
	uint64_t from = 0, to = UINT64_MAX;

	if ((least.len > 0 && !span_to_u64(least, &from)) || (most.len > 0 && !span_to_u64(most, &to)))
		return false;
	*fit = from <= CLAM_LEVEL && to >= CLAM_LEVEL;
	return true;
}

/* *, n or n-m */
bool
clam_range_parse(struct span text, struct clam_range *out)
{
	struct span least;

	*out = (struct clam_range){ 0, UINT64_MAX };
	if (span_is(text, "*"))
		return true;
	if (span_find_byte(text, '-') == SIZE_MAX) {
		bool good = span_to_u64(text, &out->least);

		out->most = out->least;
		return good;
	}
	return span_split(&text, '-', &least) && span_to_u64(least, &out->least) && span_to_u64(text, &out->most);
}

const char *
clam_name(struct clam_loader *l, struct span name)
{
	return arena_strndup(l->arena, name);
}

enum clam_line
clam_unsupported(struct clam_loader *l, const char *why)
{
	size_t i = 0;

	while (i < l->tally_count && strcmp(l->tallies[i].why, why) != 0)
		i++;
	if (i == l->tally_count) {
		l->tallies = arena_grow(l->arena, l->tallies, sizeof(*l->tallies), &l->tally_cap, i + 1);
		l->tallies[l->tally_count++] = (struct clam_tally){ why, 0 };
	}
	l->tallies[i].count++;
	return CLAM_LINE_SKIPPED;
}

static void
tell(struct clam_loader *l, const char *file, size_t line, const char *message)
{
	if (l->listener != NULL)
		l->listener->tell(l->listener->context, file, line, message);
}

/* --- Files --- */

struct clam_loader *
clam_loader_new(struct arena *a, const struct clam_listener *listener)
{
	struct clam_loader *l = ARENA_NEW(a, struct clam_loader);

	l->arena = a;
	l->listener = listener;
	l->db = ARENA_NEW(a, struct clam_db);
	l->builder = signature_builder_new(a);
	return l;
}

static size_t
kind_of(const char *path)
{
	const char *dot = strrchr(path, '.');
	size_t i = 0;

	while (i < sizeof(kinds) / sizeof(kinds[0]) && (dot == NULL || strcmp(kinds[i].extension, dot) != 0))
		i++;
	return i;
}

static void
add_file(struct clam_loader *l, const char *path, bool named)
{
	size_t k = kind_of(path);

	if (k == sizeof(kinds) / sizeof(kinds[0]) || (!named && kinds[k].unwanted))
		return;
	l->files = arena_grow(l->arena, l->files, sizeof(*l->files), &l->file_cap, l->file_count + 1);
	l->files[l->file_count++] = (struct clam_file){ arena_strdup(l->arena, path), kinds[k].kind, SPAN_NONE };
}

static const char *
add_folder(struct clam_loader *l, const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);

	if (count < 0)
		return arena_printf(l->arena, "%s: %s", path, strerror(errno));
	for (int i = 0; i < count; i++) {
		add_file(l, arena_printf(l->arena, "%s/%s", path, entries[i]->d_name), false);
		free(entries[i]);
	}
	free(entries);
	return NULL;
}

const char *
clam_loader_add(struct clam_loader *l, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return arena_printf(l->arena, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return add_folder(l, path);
	if (kind_of(path) == sizeof(kinds) / sizeof(kinds[0]))
		return arena_printf(l->arena, "%s: no kind of ClamAV's databases has this extension", path);
	add_file(l, path, true);
	return NULL;
}

void
clam_loader_add_text(struct clam_loader *l, const char *name, struct span text)
{
	size_t before = l->file_count;

	add_file(l, name, true);
	if (l->file_count > before)
		l->files[before].text = text;
}

/* --- Lines --- */

static enum clam_line
read_line(struct clam_loader *l, enum kind kind, struct span line)
{
	switch (kind) {
	case KIND_IGNORE:
		return clam_ignore_line(l, line);
	case KIND_FILE_HASH:
		return clam_hash_line(l, &l->db->files, line, false);
	case KIND_SECTION_HASH:
		return clam_hash_line(l, &l->db->sections, line, true);
	case KIND_ALLOWED:
		return clam_hash_line(l, &l->db->allowed, line, false);
	case KIND_BODY:
		return clam_body_line(l, line);
	case KIND_LOGICAL:
		return clam_logical_line(l, line);
	case KIND_MEMBER:
		return clam_member_line(l, line);
	case KIND_UNSUPPORTED:
	case KIND_UNKNOWN:
		break;
	}
	return CLAM_LINE_SKIPPED;
}

static void
read_text(struct clam_loader *l, const struct clam_file *file, struct span text)
{
	size_t number = 0, malformed = 0;
	struct span line;

	while (span_split(&text, '\n', &line)) {
		number++;
		line = span_trim(line);
		if (line.len == 0 || line.data[0] == '#')
			continue;
		arena_reset(l->work);
		if (line.len > CLAM_LINE_MAX || read_line(l, file->kind, line) == CLAM_LINE_MALFORMED)
			if (malformed++ < MALFORMED_TOLD)
				tell(l, file->path, number, arena_printf(l->arena, "malformed: %.*s", NAME_SHOWN,
				    arena_strndup(l->work, span_first(line, NAME_SHOWN))));
	}
	if (malformed > MALFORMED_TOLD)
		tell(l, file->path, 0, arena_printf(l->arena, "%zu malformed lines in all", malformed));
}

/* The whole file in malloc()'s memory; NULL with errno set. */
static char *
slurp(FILE *in, size_t *len)
{
	struct stat st;
	char *text;

	if (fstat(fileno(in), &st) != 0)
		return NULL;
	if (!S_ISREG(st.st_mode) || st.st_size > CLAM_FILE_MAX) {
		errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
		return NULL;
	}
	text = malloc((size_t)st.st_size + 1);
	if (text != NULL)
		*len = fread(text, 1, (size_t)st.st_size, in);
	return text;
}

static const char *
read_file(struct clam_loader *l, const struct clam_file *file)
{
	FILE *in;
	char *text;
	size_t len;

	if (file->kind == KIND_UNSUPPORTED) {
		tell(l, file->path, 0, "databases of this kind are not supported");
		return NULL;
	}
	if (file->text.data != NULL) {
		read_text(l, file, file->text);
		return NULL;
	}
	in = fopen(file->path, "re");
	text = in != NULL ? slurp(in, &len) : NULL;
	if (in == NULL || text == NULL || ferror(in)) {
		const char *wrong = arena_printf(l->arena, "%s: %s", file->path, strerror(errno));

		if (in != NULL)
			fclose(in);
		free(text);
		return wrong;
	}
	fclose(in);
	read_text(l, file, span_of(text, len));
	free(text);
	return NULL;
}

static void
tell_summary(struct clam_loader *l)
{
	for (size_t i = 0; i < l->tally_count; i++)
		tell(l, NULL, 0, arena_printf(l->arena, "not supported: %s, %zu signature%s", l->tallies[i].why,
		    l->tallies[i].count, l->tallies[i].count == 1 ? "" : "s"));
	tell(l, NULL, 0, arena_printf(l->arena, "%zu ClamAV signatures", clam_count(l->db)));
}

static void
compile(struct clam_loader *l)
{
	struct clam_db *db = l->db;

	clam_hashes_finish(l->arena, &db->files);
	clam_hashes_finish(l->arena, &db->sections);
	clam_hashes_finish(l->arena, &db->allowed);
	if (db->id_count > 0)
		db->signatures = signatures_compile(l->builder);
}

const char *
clam_loader_finish(struct clam_loader *l, struct clam_db **db)
{
	const char *wrong = NULL;

	l->work = arena_new_within(l->arena);
	for (int ignores = 1; ignores >= 0; ignores--) {
		for (size_t i = 0; i < l->file_count && wrong == NULL; i++)
			if ((l->files[i].kind == KIND_IGNORE) == (ignores == 1))
				wrong = read_file(l, &l->files[i]);
		clam_ignored_finish(l);
	}
	arena_free(&l->work);
	if (wrong != NULL)
		return wrong;
	compile(l);
	tell_summary(l);
	*db = l->db;
	return NULL;
}

size_t
clam_count(const struct clam_db *db)
{
	return db->files.count + db->sections.count + db->body_count + db->logical_count + db->member_count;
}
