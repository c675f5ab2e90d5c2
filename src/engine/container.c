/* What container_read() hands content to, by what it is: all that some program
 * could take it for. A second kind counts only when something is found in it;
 * its mark may stand there by chance.
 *
 * Archives and documents hold other files as they are, so that a zip at the end
 * of a disc image says nothing. There two kinds are told only when the zip ends
 * where the file does, as a program that looks for it there would have it. An
 * archive behind the beginning of another counts where it is in none of its
 * members: nothing but its mark has to be right of the one before it. */
#include "config.h"

#include "engine/container.h"

#include "engine/cms.h"
#include "engine/html_files.h"
#include "engine/magic.h"
#include "engine/office.h"
#include "engine/ole2.h"
#include "engine/onenote.h"
#include "engine/pdf.h"
#include "engine/rtf.h"
#include "engine/tnef.h"
#include "engine/zip_layout.h"

const char *const trait_names[] = {
	[TRAIT_MACROS] = "macros",
	[TRAIT_AUTO_RUN] = "auto-run",
	[TRAIT_EXTERNAL_TEMPLATE] = "external-template",
	[TRAIT_DDE] = "dde",
	[TRAIT_EMBEDDED_OBJECT] = "embedded-object",
	[TRAIT_JAVASCRIPT] = "javascript",
	[TRAIT_LAUNCH] = "launch",
	[TRAIT_BUILDS_FILE] = "builds-file",
	[TRAIT_SIGNED] = "signed",
	[TRAIT_ENCRYPTED] = "encrypted",
	[TRAIT_TWO_KINDS] = "two-kinds",
	[TRAIT_INCONSISTENT] = "inconsistent",
	[TRAIT_MULTI_VOLUME] = "multi-volume",
	[TRAIT_COUNT] = NULL,
};

/* Adding a kind is a row. */
static const struct kind {
	const char *magic;
	enum archive_result (*read)(struct arena *a, struct span data, struct archive_budget *budget,
	    const struct container_sink *sink);
} kinds[] = {
	{ "data", data_read },
	{ "html", html_read },
	{ "ole2", ole2_read },
	{ "onenote", onenote_read },
	{ "pdf", pdf_read },
	{ "pgp", pgp_read },
	{ "pkcs7", cms_read },
	{ "rtf", rtf_read },
	{ "text", text_read },
	{ "tnef", tnef_read },
	{ "xml", xml_read },
	{ "zip", office_read },
	{ NULL, NULL },
};

static const struct kind *
kind_of(const char *magic)
{
	for (const struct kind *k = kinds; k->magic != NULL; k++)
		if (strcmp(k->magic, magic) == 0)
			return k;
	return NULL;
}

static bool
is_read(const char *magic)
{
	return kind_of(magic) != NULL || archive_is_readable(magic);
}

bool
container_may_be(const char *magic, struct span data)
{
	struct magic_kind found[MAGIC_ALL_MAX];
	size_t count;

	if (data.len == 0 || is_read(magic))
		return data.len > 0;
	count = magic_all(data, found);
	for (size_t i = 0; i < count; i++)
		if (is_read(found[i].name))
			return true;
	return false;
}

/* --- Reading as one kind --- */

struct opening {
	const struct container_sink *sink;
	size_t members;
	bool stopped;
	struct magic_kind behind[MAGIC_BEHIND_MAX]; /* none is left of those that were seen in a member */
	size_t behind_count;
	struct span data;
};

enum { MARK_SIZE = 32 }; /* with its checksum or numbers, which no other archive has */

static void
leave_out_members(struct opening *o, struct span content)
{
	size_t left = 0;

	for (size_t i = 0; i < o->behind_count; i++)
		if (span_find(content, span_first(span_from(o->data, o->behind[i].offset), MARK_SIZE)) == SIZE_MAX)
			o->behind[left++] = o->behind[i];
	o->behind_count = left;
}

static bool
pass_member(void *context, const struct archive_member *m)
{
	struct opening *o = context;

	o->members++;
	leave_out_members(o, m->content);
	o->stopped = !o->sink->member(o->sink->context, m);
	return !o->stopped;
}

static void
pass_trait(void *context, enum trait trait)
{
	const struct opening *o = context;

	o->sink->trait(o->sink->context, trait);
}

static void
pass_uri(void *context, struct span uri)
{
	const struct opening *o = context;

	o->sink->uri(o->sink->context, uri);
}

static enum archive_result
read_as(struct arena *a, const char *magic, struct span data, struct archive_budget *budget, struct opening *o)
{
	const struct container_sink sink = { .context = o, .member = pass_member, .trait = pass_trait, .uri = pass_uri };
	const struct kind *kind = kind_of(magic);

	return kind != NULL ? kind->read(a, data, budget, &sink) : archive_read(a, magic, data, budget, &sink);
}

/* --- Two kinds --- */

static bool
is_one_of(const char *magic, const char *const *names)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, magic) == 0)
			return true;
	return false;
}

/* What a program really takes it for, given what was found in it. */
static bool
opens(const char *magic, enum archive_result result, size_t members)
{
	static const char *const no_kind[] = { "text", "data", "empty", "mail", "xml", NULL };

	if (archive_is_readable(magic))
		return members > 0;
	return is_read(magic) ? result != ARCHIVE_NONE : !is_one_of(magic, no_kind);
}

static bool
is_text(const char *magic)
{
	static const char *const texts[] = { "html", "script", "shortcut", "registry", "pgp", "rtf", "sylk", "postscript", NULL };

	return is_one_of(magic, texts);
}

static bool
holds_files(const char *magic)
{
	static const char *const holders[] = { "ole2", "onenote", "pdf", "tnef", "udf", "vhd", "vhdx", "vmdk", "wim", NULL };

	return archive_is_readable(magic) || is_one_of(magic, holders);
}

/* A mail's HTML stands in these as it is. */
static bool
holds_mail(const char *magic)
{
	static const char *const packages[] = { "ole2", "pkcs7", "tnef", NULL };

	return is_one_of(magic, packages);
}

static bool
are_two(const struct magic_kind *first, const struct magic_kind *second, struct span data)
{
	if (is_text(first->name) && is_text(second->name))
		return false;
	if (holds_mail(first->name) && strcmp(second->name, "html") == 0)
		return false;
	if (holds_files(first->name) && first->offset == 0 && !is_text(second->name))
		return strcmp(second->name, "zip") == 0 && zip_ends_exactly(data);
	return true;
}

/* All kinds; the caller's is one of them, whatever the content says. */
static size_t
kinds_of(const char *magic, struct span data, struct magic_kind found[MAGIC_ALL_MAX + 1])
{
	size_t count = magic_all(data, found);

	for (size_t i = 0; i < count; i++)
		if (strcmp(found[i].name, magic) == 0)
			return count;
	found[count++] = (struct magic_kind){ magic, 0 };
	return count;
}

/* The result of one kind, and the members that were told of it in o->members. */
static enum archive_result
read_kind(struct arena *a, const struct magic_kind *kind, bool first, struct span data, struct archive_budget *budget,
    struct opening *o)
{
	enum archive_result result = ARCHIVE_NONE;

	o->members = 0;
	if (is_read(kind->name))
		result = read_as(a, kind->name, span_from(data, kind->offset), budget, o);
	/* the mark of a second kind, and nothing behind it */
	return !first && result == ARCHIVE_DAMAGED && o->members == 0 ? ARCHIVE_NONE : result;
}

static enum archive_result
read_behind(struct arena *a, struct archive_budget *budget, struct opening *o, enum archive_result result)
{
	const struct opening all = *o;

	o->behind_count = 0;
	for (size_t i = 0; i < all.behind_count && !o->stopped && result != ARCHIVE_OVER_LIMIT; i++) {
		result = archive_worse(result, read_kind(a, &all.behind[i], false, o->data, budget, o));
		if (o->members > 0)
			o->sink->trait(o->sink->context, TRAIT_TWO_KINDS);
	}
	return result;
}

enum archive_result
container_read(struct arena *a, const char *magic, struct span data, struct archive_budget *budget,
    const struct container_sink *sink)
{
	struct magic_kind found[MAGIC_ALL_MAX + 1];
	size_t count = kinds_of(magic, data, found);
	const struct magic_kind *first = NULL;
	enum archive_result result = ARCHIVE_NONE;
	struct opening o = { .sink = sink, .data = data };

	o.behind_count = magic_behind(data, o.behind);
	for (size_t i = 0; i < count && !o.stopped && result != ARCHIVE_OVER_LIMIT; i++) {
		enum archive_result one = read_kind(a, &found[i], i == 0, data, budget, &o);

		result = archive_worse(result, one);
		if (!opens(found[i].name, one, o.members))
			continue;
		if (first != NULL && are_two(first, &found[i], data))
			sink->trait(sink->context, TRAIT_TWO_KINDS);
		if (first == NULL)
			first = &found[i];
	}
	return read_behind(a, budget, &o, result);
}
