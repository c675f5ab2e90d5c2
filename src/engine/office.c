/* Documents as zip archives. What they can do is told by a few members: which
 * names there are, how a part is related to what lies outside, and the fields
 * in the text. So each member is looked at as the archive is read, by a table of
 * what its name is like where programs go by names, and otherwise by what stands
 * in it: a document calls its parts as it likes.
 *
 * In an ordinary archive these names are rare, and what is told of one that has
 * them is true of the document that it may be taken for. */
#include "config.h"

#include "engine/office.h"

#include "engine/document.h"
#include "engine/magic.h"
#include "engine/word_field.h"
#include "engine/xml_tags.h"

enum { INSTRUCTION_MAX = 4096 }; /* of a field; more than links are long */

struct look {
	struct arena *arena;
	const struct container_sink *sink;
	struct span name, content;
};

static void
tell(const struct look *l, enum trait trait)
{
	l->sink->trait(l->sink->context, trait);
}

static bool
contains(struct span text, const char *word)
{
	return span_find_nocase(text, span_str(word)) != SIZE_MAX;
}

/* --- Relations --- */

/* What a document fetches as soon as it is opened. */
static bool
is_fetched(struct span type)
{
	static const char *const types[] = { "/attachedTemplate", "/oleObject", "/frame", "/subDocument", "/aFChunk",
		"/package", "/externalReference" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (span_ends_nocase(type, types[i]))
			return true;
	return false;
}

static void
look_at_relations(const struct look *l)
{
	struct span in = xml_in_utf8(l->arena, l->content);
	struct xml_tag tag;

	while (xml_next(&in, &tag)) {
		struct span target;

		if (!span_is(tag.name, "Relationship") ||
		    !span_is_nocase(xml_attribute(l->arena, &tag, "TargetMode"), "External"))
			continue;
		target = xml_attribute(l->arena, &tag, "Target");
		if (!target_is_remote(target))
			continue;
		l->sink->uri(l->sink->context, target);
		if (is_fetched(xml_attribute(l->arena, &tag, "Type")))
			tell(l, TRAIT_EXTERNAL_TEMPLATE);
	}
}

/* --- Fields of Word --- */

/* An instruction may be cut into runs; it ends where its field's result or
 * another field begins. */
struct instruction {
	char text[INSTRUCTION_MAX];
	size_t len;
};

static void
add_to_instruction(struct instruction *f, struct span text)
{
	text = span_first(text, sizeof(f->text) - f->len);
	if (text.len > 0)
		memcpy(f->text + f->len, text.data, text.len);
	f->len += text.len;
}

static void
end_instruction(const struct look *l, struct instruction *f)
{
	if (f->len > 0)
		word_field(l->sink, arena_copy(l->arena, span_of(f->text, f->len)));
	f->len = 0;
}

static void
look_at_text(const struct look *l, struct span in)
{
	struct instruction field = { .len = 0 };
	struct xml_tag tag;

	while (xml_next(&in, &tag)) {
		if (span_is(tag.name, "instrText"))
			add_to_instruction(&field, xml_text(l->arena, tag.text));
		else if (span_is(tag.name, "fldSimple"))
			word_field(l->sink, xml_attribute(l->arena, &tag, "instr"));
		else if (span_is(tag.name, "fldChar"))
			end_instruction(l, &field);
	}
	end_instruction(l, &field);
}

/* --- Members --- */

static void
look_at_types(const struct look *l)
{
	struct span types = xml_in_utf8(l->arena, l->content);

	if (contains(types, "macroEnabled") || contains(types, "vbaProject") || contains(types, "macrosheet"))
		tell(l, TRAIT_MACROS);
}

static void
has_macros(const struct look *l)
{
	tell(l, TRAIT_MACROS);
}

static void
has_object(const struct look *l)
{
	tell(l, TRAIT_EMBEDDED_OBJECT);
}

static void
look_at_names(const struct look *l, struct span in)
{
	struct xml_tag tag;

	while (xml_next(&in, &tag)) {
		struct span name;

		if (!span_is(tag.name, "definedName"))
			continue;
		name = xml_attribute(l->arena, &tag, "name");
		if (span_starts_nocase(name, "_xlnm."))
			name = span_from(name, 6);
		if (span_starts_nocase(name, "auto_"))
			tell(l, TRAIT_AUTO_RUN);
	}
}

static void
look_at_binary_part(const struct look *l)
{
	if (strcmp(magic_of(l->content), "data") != 0)
		return;
	if (span_find_nocase(l->content, SPAN_LITERAL("A\0u\0t\0o\0_\0O\0p\0e\0n\0")) != SIZE_MAX ||
	    span_find_nocase(l->content, SPAN_LITERAL("A\0u\0t\0o\0_\0C\0l\0o\0s\0e\0")) != SIZE_MAX)
		tell(l, TRAIT_AUTO_RUN);
}

/* A click, or the mouse alone, in a presentation. */
static void
look_at_actions(const struct look *l, struct span in)
{
	struct xml_tag tag;

	while (xml_next(&in, &tag))
		if (span_starts_nocase(tag.name, "hlink") &&
		    span_starts_nocase(xml_attribute(l->arena, &tag, "action"), "ppaction://program"))
			tell(l, TRAIT_LAUNCH);
}

static bool
is_markup(struct span content)
{
	struct span start = span_trim(span_first(content, 16));

	if (span_starts(start, "\xef\xbb\xbf"))
		start = span_from(start, 3);
	return span_starts(start, "<") || span_starts(content, "\xff\xfe") || span_starts(content, "\xfe\xff") ||
	    (content.len > 1 && content.data[0] == '\0' && content.data[1] == '<');
}

/* Names of elements have one spelling. */
static bool
holds(struct span markup, const char *name)
{
	return span_find(markup, span_str(name)) != SIZE_MAX;
}

static void
look_at_part(const struct look *l)
{
	struct span in;

	if (!is_markup(l->content)) {
		look_at_binary_part(l);
		return;
	}
	in = xml_in_utf8(l->arena, l->content);
	if (holds(in, "instr"))
		look_at_text(l, in);
	if (holds(in, "definedName"))
		look_at_names(l, in);
	if (holds(in, "hlink"))
		look_at_actions(l, in);
	if (holds(in, "ddeLink"))
		tell(l, TRAIT_DDE);
}

/* OpenDocument lists what is in it, scripts and what is encrypted. */
static void
look_at_manifest(const struct look *l)
{
	struct span in = xml_in_utf8(l->arena, l->content);
	struct xml_tag tag;

	while (xml_next(&in, &tag)) {
		struct span path;

		if (span_is(tag.name, "encryption-data"))
			tell(l, TRAIT_ENCRYPTED);
		if (!span_is(tag.name, "file-entry"))
			continue;
		path = xml_attribute(l->arena, &tag, "full-path");
		if ((span_starts(path, "Basic/") || span_starts(path, "Scripts/")) && path.data[path.len - 1] != '/')
			tell(l, TRAIT_MACROS);
		if (span_is_nocase(xml_attribute(l->arena, &tag, "media-type"), "application/vnd.sun.star.oleobject"))
			tell(l, TRAIT_EMBEDDED_OBJECT);
	}
}

static bool
event_is_automatic(struct span event)
{
	static const char *const events[] = { "dom:load", "dom:unload", "office:new", "office:load-finished",
		"office:view-created", "office:start-app", "office:prepare-unload", "office:focus", "on-load", "on-new" };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (span_is_nocase(event, events[i]))
			return true;
	return false;
}

static void
look_at_open_text(const struct look *l)
{
	struct span in = xml_in_utf8(l->arena, l->content);
	struct xml_tag tag;

	while (xml_next(&in, &tag)) {
		if (span_is(tag.name, "event-listener") && event_is_automatic(xml_attribute(l->arena, &tag, "event-name")))
			tell(l, TRAIT_AUTO_RUN);
		else if (span_is(tag.name, "dde-connection-decl") || span_is(tag.name, "dde-link") ||
		    span_is(tag.name, "dde-source"))
			tell(l, TRAIT_DDE);
		else if (span_is(tag.name, "object-ole"))
			tell(l, TRAIT_EMBEDDED_OBJECT);
	}
}

/* A member is of a row when its name begins, holds and ends so. */
static const struct {
	const char *begins, *holds, *ends;
	void (*look)(const struct look *l);
} rows[] = {
	{ "[content_types].xml", "", "", look_at_types },
	{ "", "", ".rels", look_at_relations },
	{ "", "", "vbaproject.bin", has_macros },
	{ "xl/", "macrosheets/", "", has_macros },
	{ "", "/embeddings/", "", has_object },
	{ "", "/activex/", ".bin", has_object },
	{ "", "", "", look_at_part },
	{ "meta-inf/manifest.xml", "", "", look_at_manifest },
	{ "", "", "content.xml", look_at_open_text },
};

void
office_look_at_member(struct arena *a, struct span name, struct span content, const struct container_sink *sink)
{
	const struct look l = { a, sink, name, content };

	while (span_starts(name, "/") || span_starts(name, "\\"))
		name = span_from(name, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (span_starts_nocase(name, rows[i].begins) && span_ends_nocase(name, rows[i].ends) &&
		    (rows[i].holds[0] == '\0' || contains(name, rows[i].holds)))
			rows[i].look(&l);
}

/* --- Archives --- */

struct zip {
	struct arena *arena;
	const struct container_sink *sink;
};

static bool
member(void *context, const struct archive_member *m)
{
	const struct zip *z = context;

	if (!m->directory && !m->encrypted)
		office_look_at_member(z->arena, m->name, m->content, z->sink);
	return z->sink->member(z->sink->context, m);
}

static void
trait(void *context, enum trait told)
{
	const struct zip *z = context;

	z->sink->trait(z->sink->context, told);
}

static void
uri(void *context, struct span told)
{
	const struct zip *z = context;

	z->sink->uri(z->sink->context, told);
}

enum archive_result
office_read(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	struct zip z = { a, sink };
	const struct container_sink own = { &z, member, trait, uri };

	return archive_read(a, "zip", data, budget, &own);
}
