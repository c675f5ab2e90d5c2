/* PDF. Where its objects are is told by tables that programs repair or ignore
 * when they are wrong, so they are not used: an object is wherever "1 0 obj"
 * stands, also in what another one holds. Then the streams are read that hold
 * further objects, and then what scripts, files and links refer to. An object
 * that stands more than once, because the file was changed by appending to it,
 * is read each time.
 *
 * The text of pages, pictures and fonts is not looked at. What an encrypted
 * file holds is tried as if it were not, because the mark may be a pretence,
 * and then decrypted where that needs no password (pdf_crypt.c).
 *
 * Work is bounded by WORK_FACTOR times the file: objects in objects are rare. */
#include "config.h"

#include "engine/pdf.h"

#include "engine/pdf_filter.h"
#include "engine/pdf_resolve.h"

enum {
	WORK_FACTOR = 8,
	WORK_FREE = 1024 * 1024,
	OBJECTS_PER_STREAM = 100 * 1000, /* far above what writers put into one */
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\r' || c == '\n' || c == '\t' || c == '\f' || c == '\0';
}

/* Where the blanks before `at` begin, and with `comments` those too. Between two
 * objects a line is gone over once, so this is no loop over the file. */
static size_t
before_blanks(struct span in, size_t at, bool comments)
{
	for (;;) {
		size_t end = at, line;
		const char *comment;
		bool broken = false;

		for (; end > 0 && is_blank(in.data[end - 1]); end--)
			broken |= in.data[end - 1] == '\r' || in.data[end - 1] == '\n';
		for (line = end; comments && broken && line > 0 && in.data[line - 1] != '\r' && in.data[line - 1] != '\n';)
			line--;
		comment = line < end ? memchr(in.data + line, '%', end - line) : NULL;
		if (comment == NULL)
			return end;
		at = (size_t)(comment - in.data);
	}
}

/* The number before *at, which is moved to where it begins; false when there is none. */
static bool
number_before(struct span in, size_t *at, bool comments, uint64_t *number)
{
	enum { DIGITS_MAX = 19 };
	size_t end = before_blanks(in, *at, comments), start = end;

	while (start > 0 && ascii_is_digit(in.data[start - 1]) && end - start < DIGITS_MAX)
		start--;
	*at = start;
	return start < end && span_to_u64(span_sub(in, start, end - start), number);
}

struct object_name {
	uint64_t number, generation;
};

/* Of an object whose "obj" is at that place. */
static bool
object_number(struct span data, size_t at, bool comments, struct object_name *name)
{
	return number_before(data, &at, comments, &name->generation) && number_before(data, &at, comments, &name->number);
}

/* A "%" before it begins a comment, or belongs to a string. */
static void
read_objects(struct pdf *p, struct span data)
{
	size_t at = 0, found;

	while ((found = span_find(span_from(data, at), SPAN_LITERAL("obj"))) != SIZE_MAX) {
		struct object_name plain, commented;
		bool is_plain = object_number(data, at + found, false, &plain);
		bool is_commented = object_number(data, at + found, true, &commented);

		at += found + 3;
		if (is_plain && !pdf_read_object(p, plain.number, plain.generation, span_from(data, at)))
			return;
		if (is_commented && (!is_plain || commented.number != plain.number) &&
		    !pdf_read_object(p, commented.number, commented.generation, span_from(data, at)))
			return;
	}
}

/* A trailer says whether the file is encrypted; it is no object but reads as
 * one. */
static void
read_trailers(struct pdf *p, struct span data)
{
	size_t at = 0, found;

	while ((found = span_find(span_from(data, at), SPAN_LITERAL("trailer"))) != SIZE_MAX) {
		at += found + 7;
		if (!pdf_read_object(p, UINT64_MAX, 0, span_from(data, at)))
			return;
	}
}

/* --- Streams --- */

static struct span
content_of(struct pdf *p, const struct pdf_object *o)
{
	enum archive_result before = p->d.result;
	bool decoded, complete;
	struct span dictionary = pdf_resolve(p, o->dictionary, &complete);
	struct span raw = pdf_raw(p, o, dictionary), content;

	if (p->crypt != NULL && !o->is_within)
		raw = pdf_decrypt(p->crypt, p->d.arena, o->number, o->generation, raw);
	content = pdf_stream(&p->d, dictionary, raw, &decoded);
	if (p->encrypted && p->crypt == NULL && p->d.result == ARCHIVE_DAMAGED)
		p->d.result = before;
	return content;
}

/* Pairs of numbers, of the object and of its place after them; then the
 * objects. */
static void
read_object_stream(struct pdf *p, const struct pdf_object *o)
{
	bool complete;
	uint64_t first = pdf_number(pdf_resolve(p, o->dictionary, &complete), "First");
	struct span content = content_of(p, o), body, pairs;
	struct pdf_token number, place;
	size_t count = 0;

	if (first > content.len)
		return;
	body = span_from(content, (size_t)first);
	pairs = span_first(content, (size_t)first);
	while (!p->d.stopped && count++ < OBJECTS_PER_STREAM && pdf_next(&pairs, &number) && pdf_next(&pairs, &place))
		if (number.kind == PDF_NUMBER && place.kind == PDF_NUMBER && place.number < body.len &&
		    !pdf_read_object(p, number.number, 0, span_from(body, (size_t)place.number)))
			return;
}

/* One that cannot be read without what is in another waits for it, but for the last time. */
static void
read_object_streams(struct pdf *p, bool last)
{
	size_t count = p->object_count;

	for (size_t i = 0; i < count && !p->d.stopped; i++) {
		struct pdf_object *o = &p->objects[i], copied;
		bool complete;

		if (!o->is_object_stream || !o->is_stream || o->is_read)
			continue;
		pdf_resolve(p, o->dictionary, &complete);
		if (!complete && !last)
			continue;
		o->is_read = true;
		copied = *o; /* the array may move */
		p->is_within = true;
		read_object_stream(p, &copied);
		p->is_within = false;
	}
}

static void
read_all_object_streams(struct pdf *p)
{
	pdf_sort(p);
	read_object_streams(p, false);
	pdf_sort(p);
	read_object_streams(p, true);
	pdf_sort(p);
}

/* --- References --- */

static void
tell_file(struct pdf *p, struct pdf_object *o, const struct pdf_reference *r)
{
	struct span content = content_of(p, o);

	document_trait(&p->d, TRAIT_EMBEDDED_OBJECT);
	if (r == NULL || r->name_count == 0)
		document_tell(&p->d, SPAN_LITERAL("embedded"), content);
	for (size_t i = 0; r != NULL && i < r->name_count; i++)
		document_tell(&p->d, r->names[i], content);
}

static struct span
text_of(struct pdf *p, const struct pdf_object *o)
{
	struct pdf_token t = { .kind = o->value_kind, .raw = o->value };

	if (o->is_stream)
		return content_of(p, o);
	return o->value_kind == PDF_STRING || o->value_kind == PDF_HEX_STRING ? pdf_object_text(p, o, &t) : SPAN_NONE;
}

static void resolve(struct pdf *p, const struct pdf_reference *r);

/* A dictionary of files that is an object of its own. */
static void
resolve_files(struct pdf *p, struct pdf_object *o, const struct pdf_reference *names)
{
	struct pdf_reference file = *names;
	struct span in = o->dictionary;
	struct pdf_token t;
	uint64_t last = 0, before = 0;

	file.role = PDF_FILE;
	while (!p->d.stopped && pdf_next(&in, &t)) {
		if (t.kind == PDF_NUMBER) {
			before = last;
			last = t.number;
		} else if (t.kind == PDF_WORD && span_is(t.raw, "R")) {
			file.number = before;
			resolve(p, &file);
		}
	}
}

/* An object is told once; of files, under the names of who referred first. */
static void
resolve(struct pdf *p, const struct pdf_reference *r)
{
	for (size_t i = pdf_find(p, r->number); i < p->object_count && p->objects[i].number == r->number; i++) {
		struct pdf_object *o = &p->objects[i];

		if (o->told || p->d.stopped)
			return;
		o->told = true;
		if (r->role == PDF_FILE && o->is_stream)
			tell_file(p, o, r);
		else if (r->role == PDF_FILES)
			resolve_files(p, o, r);
		else if (r->role == PDF_SCRIPT)
			pdf_tell_script(p, text_of(p, o));
		else if (r->role == PDF_LINK)
			document_uri(&p->d, text_of(p, o));
		else if (r->role == PDF_FORM && o->is_stream)
			document_tell(&p->d, SPAN_LITERAL("form.xml"), content_of(p, o));
	}
}

static void
tell_traits(struct pdf *p)
{
	if (p->script)
		document_trait(&p->d, TRAIT_JAVASCRIPT);
	if (p->launch)
		document_trait(&p->d, TRAIT_LAUNCH);
	if (p->opens && (p->script || p->launch))
		document_trait(&p->d, TRAIT_AUTO_RUN);
}

static void
read_all(struct pdf *p, struct span data)
{
	read_objects(p, data);
	if (!p->d.stopped)
		read_trailers(p, data);
	if (!p->d.stopped)
		read_all_object_streams(p);
	for (size_t i = 0; i < p->reference_count && !p->d.stopped; i++)
		resolve(p, &p->references[i]);
	for (size_t i = 0; i < p->object_count && !p->d.stopped; i++)
		if (p->objects[i].is_file && p->objects[i].is_stream && !p->objects[i].told)
			tell_file(p, &p->objects[i], NULL);
	tell_traits(p);
}

static enum archive_result
read_with(const struct pdf_crypt *crypt, struct arena *a, struct span data, struct archive_budget *budget,
    const struct container_sink *sink, struct pdf **read)
{
	struct pdf *p = *read = ARENA_NEW(a, struct pdf);

	p->data = data;
	p->crypt = crypt;
	p->work = (uint64_t)data.len * WORK_FACTOR + WORK_FREE;
	document_begin(&p->d, a, budget, sink);
	read_all(p, data);
	return document_end(&p->d);
}

/* --- Encrypted files --- */

static bool
pass_member(void *context, const struct archive_member *m)
{
	(void)context;
	(void)m;
	return true;
}

static void
pass_trait(void *context, enum trait trait)
{
	(void)context;
	(void)trait;
}

static void
pass_uri(void *context, struct span uri)
{
	(void)context;
	(void)uri;
}

/* The key stands in its objects, so these are read for it, and told only once it is known. NULL when it takes a password. */
static const struct pdf_crypt *
find_key(struct arena *a, struct span data, const struct archive_budget *budget)
{
	static const struct container_sink quiet = { NULL, pass_member, pass_trait, pass_uri };
	struct pdf_crypt *crypt = ARENA_NEW(a, struct pdf_crypt);
	struct archive_budget own = *budget;
	struct pdf *p;

	read_with(NULL, a, data, &own, &quiet, &p);
	return pdf_crypt_open(p, crypt) ? crypt : NULL;
}

/* A name may be written with escapes, and is found by reading only. */
enum archive_result
pdf_read(struct arena *a, struct span data, struct archive_budget *budget, const struct container_sink *sink)
{
	bool is_plain = span_find(data, SPAN_LITERAL("/Encrypt")) == SIZE_MAX;
	const struct pdf_crypt *crypt = is_plain ? NULL : find_key(a, data, budget);
	struct pdf *p;
	enum archive_result result = read_with(crypt, a, data, budget, sink, &p);

	if (is_plain && p->encrypted && !p->d.stopped && (crypt = find_key(a, data, budget)) != NULL)
		result = archive_worse(result, read_with(crypt, a, data, budget, sink, &p));
	if (p->encrypted && crypt == NULL)
		sink->trait(sink->context, TRAIT_ENCRYPTED);
	return result;
}
