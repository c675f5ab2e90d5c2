/* One object: a value, most often a dictionary, and perhaps a stream. The
 * tokens are followed with a stack of dictionaries, and each value is judged by
 * its key alone, wherever it stands: an action is one under every name by which
 * a program may reach it.
 *
 * Limits: dictionaries deeper than FRAMES_MAX are taken for the deepest; of the
 * names of one file, PDF_NAMES_MAX are kept. */
#include "config.h"

#include "engine/pdf_object.h"

enum {
	FRAMES_MAX = 64,
	FILES_MAX = 8, /* of one specification, one for each system */
};

struct frame {
	char key[PDF_NAME_MAX];
	bool has_key, has_value;
	bool is_files;     /* the dictionary /EF */
	unsigned arrays;   /* open in it */
	uint64_t files[FILES_MAX];
	size_t file_count;
	struct span names[PDF_NAMES_MAX];
	size_t name_count;
};

struct reading {
	struct pdf *p;
	struct pdf_object *object;
	struct frame frames[FRAMES_MAX];
	size_t depth;
	uint64_t numbers[2]; /* the last two, for a reference */
	uint64_t length;     /* of the stream */
};

static struct frame *
frame(struct reading *r)
{
	return &r->frames[r->depth < FRAMES_MAX ? r->depth : FRAMES_MAX - 1];
}

static bool
key_is(const struct frame *f, const char *key)
{
	return f->has_key && strcmp(f->key, key) == 0;
}

static void
refer(struct reading *r, uint64_t number, enum pdf_role role, const struct frame *names)
{
	struct pdf *p = r->p;
	struct pdf_reference *to;

	p->references = arena_grow(p->d.arena, p->references, sizeof(*to), &p->reference_cap, p->reference_count + 1);
	to = &p->references[p->reference_count++];
	*to = (struct pdf_reference){ .number = number, .role = role };
	if (names == NULL)
		return;
	memcpy(to->names, names->names, sizeof(to->names));
	to->name_count = names->name_count;
}

/* Without an extension: a form that checks its fields is no script file. */
void
pdf_tell_script(struct pdf *p, struct span script)
{
	p->script = true;
	if (script.len > 0)
		document_tell(&p->d, SPAN_LITERAL("javascript"), script);
}

/* --- Values, by their keys --- */

static bool
is_file_name_key(const struct frame *f)
{
	return key_is(f, "UF") || key_is(f, "F") || key_is(f, "DOS") || key_is(f, "Unix") || key_is(f, "Mac");
}

static void
add_name(struct frame *f, struct span name)
{
	for (size_t i = 0; i < f->name_count; i++)
		if (span_eq(f->names[i], name))
			return;
	if (name.len > 0 && f->name_count < PDF_NAMES_MAX)
		f->names[f->name_count++] = name;
}

struct span
pdf_object_text(struct pdf *p, const struct pdf_object *o, const struct pdf_token *t)
{
	struct span text = pdf_string(p->d.arena, t);

	if (p->crypt != NULL && !o->is_within)
		text = pdf_decrypt(p->crypt, p->d.arena, o->number, o->generation, text);
	return pdf_text(p->d.arena, text);
}

static void
take_string(struct reading *r, const struct pdf_token *t)
{
	struct frame *f = frame(r);

	if (r->depth == 0 && f->arrays == 0) {
		r->object->value_kind = t->kind;
		r->object->value = t->raw;
	}
	if (key_is(f, "JS"))
		pdf_tell_script(r->p, pdf_object_text(r->p, r->object, t));
	else if (key_is(f, "URI"))
		document_uri(&r->p->d, pdf_object_text(r->p, r->object, t));
	else if (is_file_name_key(f)) {
		add_name(f, pdf_object_text(r->p, r->object, t));
		if (f->name_count > 0 && span_starts_nocase(f->names[f->name_count - 1], "http"))
			document_uri(&r->p->d, f->names[f->name_count - 1]);
	}
}

static void
take_name_value(struct reading *r, const char *name)
{
	const struct frame *f = frame(r);
	struct pdf *p = r->p;

	if (key_is(f, "S")) {
		p->script |= strcmp(name, "JavaScript") == 0;
		p->launch |= strcmp(name, "Launch") == 0;
	} else if (key_is(f, "Type") && r->depth == 1) {
		r->object->is_object_stream |= strcmp(name, "ObjStm") == 0;
		r->object->is_file |= strcmp(name, "EmbeddedFile") == 0;
	}
}

static void
take_reference(struct reading *r, uint64_t number)
{
	struct frame *f = frame(r);

	if (f->is_files) {
		if (f->file_count < FILES_MAX)
			f->files[f->file_count++] = number;
	} else if (key_is(f, "JS")) {
		refer(r, number, PDF_SCRIPT, NULL);
	} else if (key_is(f, "URI")) {
		refer(r, number, PDF_LINK, NULL);
	} else if (key_is(f, "EF")) {
		refer(r, number, PDF_FILES, f);
	} else if (key_is(f, "XFA")) {
		refer(r, number, PDF_FORM, NULL);
	}
	if (key_is(f, "Length"))
		r->length = 0;
}

/* What a key says whatever its value is. */
static void
take_key(struct reading *r, const char *key)
{
	struct frame *f = frame(r);
	struct pdf *p = r->p;

	memcpy(f->key, key, strlen(key) + 1);
	f->has_key = true;
	f->has_value = false;
	p->script |= strcmp(key, "JS") == 0 || strcmp(key, "JavaScript") == 0;
	p->opens |= strcmp(key, "OpenAction") == 0 || strcmp(key, "AA") == 0;
	r->object->has_encrypt |= strcmp(key, "Encrypt") == 0 && r->depth == 1;
	p->encrypted |= r->object->has_encrypt;
	r->object->is_object_stream |= strcmp(key, "First") == 0 && r->depth == 1; /* programs do not ask for its type */
}

/* --- Structure --- */

static void
begin_dictionary(struct reading *r)
{
	bool files = key_is(frame(r), "EF");

	r->depth++;
	if (r->depth < FRAMES_MAX)
		*frame(r) = (struct frame){ .is_files = files };
}

/* The names of a file stand in the dictionary around its /EF, before or after
 * it; so files are handed up, and referred to when that one ends. */
static void
end_dictionary(struct reading *r)
{
	struct frame ended = *frame(r), *outer;

	if (r->depth == 0)
		return;
	r->depth--;
	outer = frame(r);
	outer->has_value = outer->arrays == 0;
	if (ended.is_files) {
		memcpy(outer->files, ended.files, sizeof(outer->files));
		outer->file_count = ended.file_count;
		return;
	}
	for (size_t i = 0; i < ended.file_count; i++)
		refer(r, ended.files[i], PDF_FILE, &ended);
}

static void
take_name(struct reading *r, const struct pdf_token *t)
{
	struct frame *f = frame(r);

	if (f->arrays > 0)
		return;
	if (r->depth == 0) {
		r->p->launch |= strcmp(t->name, "Launch") == 0; /* what an action's /S refers to */
	} else if (f->has_key && !f->has_value) {
		take_name_value(r, t->name);
		f->has_value = true;
	} else {
		take_key(r, t->name);
	}
}

static void
take_number(struct reading *r, uint64_t number)
{
	if (key_is(frame(r), "Length") && !frame(r)->has_value && r->depth == 1)
		r->length = number;
	r->numbers[0] = r->numbers[1];
	r->numbers[1] = number;
}

static void
take_token(struct reading *r, const struct pdf_token *t)
{
	struct frame *f = frame(r);

	switch (t->kind) {
	case PDF_NAME:
		take_name(r, t);
		return;
	case PDF_STRING:
	case PDF_HEX_STRING:
		take_string(r, t);
		break;
	case PDF_NUMBER:
		take_number(r, t->number);
		break;
	case PDF_WORD:
		if (span_is(t->raw, "R"))
			take_reference(r, r->numbers[0]);
		break;
	case PDF_ARRAY_BEGIN:
		f->arrays++;
		return;
	case PDF_ARRAY_END:
		f->arrays -= f->arrays > 0;
		break;
	case PDF_DICT_BEGIN:
		begin_dictionary(r);
		return;
	case PDF_DICT_END:
		end_dictionary(r);
		return;
	case PDF_END:
		return;
	}
	f->has_value |= f->arrays == 0;
}

/* --- Streams --- */

/* Up to where its length or the next "endstream" says, whichever is more: what
 * unpacks ends by itself. */
static struct span
stream_content(struct reading *r, struct span in, size_t *looked)
{
	size_t end;

	if (span_starts(in, "\r\n"))
		in = span_from(in, 2);
	else if (span_starts(in, "\n") || span_starts(in, "\r"))
		in = span_from(in, 1);
	if (r->length > 0 && r->length <= in.len &&
	    span_starts(span_trim(span_sub(in, (size_t)r->length, 16)), "endstream"))
		return span_first(in, (size_t)r->length);
	end = span_find(in, SPAN_LITERAL("endstream"));
	if (end == SIZE_MAX)
		end = in.len;
	*looked += end;
	return span_first(in, r->length > end && r->length <= in.len ? (size_t)r->length : end);
}

/* Whether the object's value is whole after that token. */
static bool
is_whole(const struct reading *r, const struct pdf_token *t)
{
	return r->depth == 0 && r->frames[0].arrays == 0 && t->kind != PDF_END;
}

static bool
ends_object(const struct pdf_token *t)
{
	return t->kind == PDF_WORD && (span_is(t->raw, "endobj") || span_is(t->raw, "stream") || span_is(t->raw, "obj"));
}

static void
read_value(struct reading *r, struct span *rest, struct pdf_token *t)
{
	bool whole = false;

	while (pdf_next(rest, t) && !whole && !ends_object(t)) {
		take_token(r, t);
		whole = is_whole(r, t);
	}
	while (r->depth > 0)
		end_dictionary(r);
}

bool
pdf_read_object(struct pdf *p, uint64_t number, uint64_t generation, struct span in)
{
	struct pdf_object object = { .number = number, .generation = generation, .order = p->object_count,
		.is_within = p->is_within };
	struct reading r;
	struct pdf_token t;
	struct span rest = in;
	size_t looked = 0;

	r.p = p;
	r.object = &object;
	r.frames[0] = (struct frame){ .has_key = false };
	r.depth = 0;
	r.numbers[0] = r.numbers[1] = r.length = 0;
	read_value(&r, &rest, &t);
	object.dictionary = span_first(in, in.len - rest.len);
	if (t.kind == PDF_WORD && span_is(t.raw, "stream")) {
		object.is_stream = true;
		object.raw = stream_content(&r, rest, &looked);
	}
	looked += in.len - rest.len;
	if (looked > p->work) {
		document_over_limit(&p->d);
		return false;
	}
	p->work -= looked;
	p->objects = arena_grow(p->d.arena, p->objects, sizeof(object), &p->object_cap, p->object_count + 1);
	p->objects[p->object_count++] = object;
	return true;
}
