/* One object held against a database.
 *
 * ClamAV looks at some content in several forms: text also in lower case and
 * without superfluous blanks, HTML only so, with its tags and without. Each
 * form is searched by itself, by the signatures for any content and by those
 * for its own kind; a logical signature counts within one form. Digests are of
 * the content as it is. */
#include "config.h"

#include "engine/clamav_db.h"

#include <stdlib.h>

enum {
	RECORDED_MAX = 4096, /* places for macros; more in one form cannot be decided */
	NORMAL_MAX = 40 * 1024 * 1024, /* ClamAV normalizes nothing larger */
};

struct recorded {
	uint32_t sub;    /* or a body's */
	bool body;
	size_t at;
};

struct clam_scratch {
	struct signatures_scratch *signatures;
	struct regex_memory regex;
	uint32_t *counts;  /* of each sub-signature */
	size_t *last;      /* where its last match lies */
	uint32_t *touched; /* logical signatures of which something matched */
	bool *is_touched;
	size_t touched_count;
	struct recorded *recorded;
	size_t recorded_count;
	char *room;        /* for content in another form */
	size_t room_size;
};

struct search {
	const struct clam_db *db;
	struct clam_scratch *scratch;
	const struct clam_object *object;
	struct executable executable;
	void (*found)(void *context, const char *name);
	void *context;
	bool allowed, asked_allowed; /* whether it is, and whether that was looked up */
	bool decided;
	/* The form at hand. */
	struct span data;
	uint8_t target;
};

/* --- Scratch --- */

struct clam_scratch *
clam_scratch_new(const struct clam_db *db)
{
	struct clam_scratch *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	if (db->signatures != NULL)
		s->signatures = signatures_scratch_new(db->signatures);
	s->counts = calloc(db->sub_count + 1, sizeof(*s->counts));
	s->last = calloc(db->sub_count + 1, sizeof(*s->last));
	s->touched = calloc(db->logical_count + 1, sizeof(*s->touched));
	s->is_touched = calloc(db->logical_count + 1, sizeof(*s->is_touched));
	s->recorded = calloc(RECORDED_MAX, sizeof(*s->recorded));
	if (!regex_memory_open(&s->regex, true) || (db->signatures != NULL && s->signatures == NULL) || s->counts == NULL ||
	    s->last == NULL || s->touched == NULL || s->is_touched == NULL || s->recorded == NULL)
		clam_scratch_free(&s);
	return s;
}

void
clam_scratch_free(struct clam_scratch **s)
{
	if (*s == NULL)
		return;
	signatures_scratch_free(&(*s)->signatures);
	regex_memory_close(&(*s)->regex);
	free((*s)->counts);
	free((*s)->last);
	free((*s)->touched);
	free((*s)->is_touched);
	free((*s)->recorded);
	free((*s)->room);
	free(*s);
	*s = NULL;
}

static char *
room_for(struct clam_scratch *s, size_t size)
{
	if (size > s->room_size) {
		char *room = realloc(s->room, size);

		if (room == NULL)
			return NULL;
		s->room = room;
		s->room_size = size;
	}
	return s->room;
}

/* --- Telling --- */

static void
allow(void *context, const char *name)
{
	struct search *s = context;

	(void)name;
	s->allowed = true;
}

/* A file is allowed by its own digest or by one of those that it is in. */
static void
tell(void *context, const char *name)
{
	struct search *s = context;

	if (!s->asked_allowed)
		for (const struct clam_object *o = s->object; o != NULL; o = o->container)
			if (!o->unread && !clam_hashes_find(&s->db->allowed, o->data, allow, s))
				s->decided = false;
	s->asked_allowed = true;
	if (!s->allowed)
		s->found(s->context, name);
}

/* --- What the matcher finds --- */

static bool
target_fits(const struct search *s, uint8_t target)
{
	return target == 0 || target == s->target;
}

static bool
place_fits(const struct search *s, const struct clam_offset *o, size_t at)
{
	size_t first, last;

	if (o->origin != CLAM_AT_END && clam_offset_is_plain(o))
		return true; /* the matcher has looked at it */
	return clam_offset_range(o, &s->executable, s->data.len, &first, &last) && at >= first && at <= last;
}

static void
record(struct search *s, bool body, uint32_t index, size_t at)
{
	if (s->scratch->recorded_count == RECORDED_MAX)
		s->decided = false;
	else
		s->scratch->recorded[s->scratch->recorded_count++] = (struct recorded){ index, body, at };
}

static bool
body_found(struct search *s, uint32_t index, size_t at)
{
	const struct clam_body *b = &s->db->bodies[index];

	if (!target_fits(s, b->target))
		return false;
	if (b->offset.origin == CLAM_AT_MACRO) {
		record(s, true, index, at);
		return true;
	}
	if (!place_fits(s, &b->offset, at))
		return true;
	tell(s, b->name);
	return false;
}

static void
touch(struct clam_scratch *scratch, uint32_t logical)
{
	if (scratch->is_touched[logical])
		return;
	scratch->is_touched[logical] = true;
	scratch->touched[scratch->touched_count++] = logical;
}

static bool
sub_found(struct search *s, uint32_t index, size_t at)
{
	const struct clam_sub *sub = &s->db->subs[index];
	const struct clam_logical *l = &s->db->logicals[sub->logical];
	struct clam_scratch *scratch = s->scratch;

	if (!target_fits(s, l->target))
		return false;
	if (!place_fits(s, &sub->offset, at))
		return true;
	touch(scratch, sub->logical);
	if (sub->recorded)
		record(s, false, index, at);
	if (scratch->counts[index] == 0 || at > scratch->last[index])
		scratch->last[index] = at;
	if (scratch->counts[index] < l->enough)
		scratch->counts[index]++;
	return scratch->counts[index] < l->enough || l->places || sub->recorded;
}

static bool
pattern_found(void *context, uint32_t id, size_t at)
{
	struct search *s = context;
	const struct clam_id *what = &s->db->ids[id];

	if (what->index == UINT32_MAX)
		return false;
	return what->sub ? sub_found(s, what->index, at) : body_found(s, what->index, at);
}

/* --- Logical signatures --- */

static bool
in_range(const struct clam_range *r, uint64_t value)
{
	return value >= r->least && value <= r->most;
}

/* From the innermost outwards; CL_TYPE_ANY is any. */
static bool
intermediates_fit(const struct clam_logical *l, const struct clam_object *o)
{
	for (size_t i = l->intermediate_count; i-- > 0;) {
		o = o->container;
		if (o == NULL || (l->intermediates[i] != CLAM_ANY && l->intermediates[i] != o->type))
			return false;
	}
	return true;
}

static bool
attributes_fit(const struct search *s, const struct clam_logical *l)
{
	const struct clam_object *container = s->object->container;
	const struct executable *e = &s->executable;

	if (!target_fits(s, l->target) || !in_range(&l->size, s->data.len))
		return false;
	if (l->asks_entry && (!e->known || !e->has_entry || !in_range(&l->entry, e->entry)))
		return false;
	if (l->asks_sections && (!e->known || !in_range(&l->sections, e->section_count)))
		return false;
	if (l->asks_container && l->container != (container != NULL ? container->type : CLAM_ANY))
		return false;
	return intermediates_fit(l, s->object);
}

/* Whether a member of the group lies in reach of a match at `at`. */
static bool
group_follows(const struct search *s, const struct clam_sub *sub, size_t at)
{
	const struct clam_scratch *scratch = s->scratch;

	for (size_t i = 0; i < scratch->recorded_count; i++) {
		const struct recorded *r = &scratch->recorded[i];

		if (r->body && s->db->bodies[r->sub].offset.section == sub->macro_group && r->at >= at &&
		    in_range(&sub->macro, r->at - at))
			return true;
	}
	return false;
}

static uint32_t
count_macro(const struct search *s, uint32_t index)
{
	const struct clam_scratch *scratch = s->scratch;

	for (size_t i = 0; i < scratch->recorded_count; i++)
		if (!scratch->recorded[i].body && scratch->recorded[i].sub == index - 1 &&
		    group_follows(s, &s->db->subs[index], scratch->recorded[i].at))
			return 1;
	return 0;
}

/* How often the expression matches where it may, up to `enough` times. */
static uint32_t
count_regex(struct search *s, const struct clam_pcre *p, uint32_t enough)
{
	bool any = p->offset.origin == CLAM_AT_ANY, anchored = !any && p->offset.shift == 0 && !p->rolling;
	size_t first, last, begin, end;
	struct span subject = s->data;
	uint32_t count = 0;

	if (!clam_offset_range(&p->offset, &s->executable, s->data.len, &first, &last))
		return 0;
	if (p->encompass && p->offset.shift > 0)
		subject = span_first(subject, last);
	while (count < enough && first <= subject.len) {
		enum regex_result result = clam_regex_find(&p->regex, &s->scratch->regex, subject, first, anchored, &begin, &end);

		s->decided &= result != REGEX_LIMIT;
		if (result != REGEX_MATCH || (p->offset.shift > 0 && begin > last))
			break;
		count++;
		if (!p->global)
			break;
		first = end > first ? end : first + 1;
	}
	return count;
}

/* Comparisons and macros come before expressions, whose triggers may ask for
 * them. */
static void
count_late(struct search *s, const struct clam_logical *l)
{
	struct clam_scratch *scratch = s->scratch;
	uint32_t *counts = &scratch->counts[l->first_sub];
	const struct clam_sub *subs = &s->db->subs[l->first_sub];

	for (uint8_t i = 0; i < l->sub_count; i++) {
		if (subs[i].kind == CLAM_SUB_COMPARE && counts[subs[i].compare->sub] > 0)
			counts[i] = clam_compare_holds(subs[i].compare, s->data, scratch->last[l->first_sub + subs[i].compare->sub]);
		if (subs[i].kind == CLAM_SUB_MACRO)
			counts[i] = count_macro(s, l->first_sub + i);
	}
	for (uint8_t i = 0; i < l->sub_count; i++)
		if (subs[i].kind == CLAM_SUB_PCRE && clam_expression_holds(&subs[i].pcre->trigger, counts))
			counts[i] = count_regex(s, subs[i].pcre, l->enough);
}

static void
decide_logical(struct search *s, uint32_t index)
{
	const struct clam_logical *l = &s->db->logicals[index];

	if (!attributes_fit(s, l))
		return;
	if (l->late)
		count_late(s, l);
	if (clam_expression_holds(&l->expression, &s->scratch->counts[l->first_sub]))
		tell(s, l->name);
}

/* --- Forms --- */

static void
forget(struct search *s)
{
	struct clam_scratch *scratch = s->scratch;

	for (size_t i = 0; i < scratch->touched_count; i++) {
		const struct clam_logical *l = &s->db->logicals[scratch->touched[i]];

		memset(&scratch->counts[l->first_sub], 0, l->sub_count * sizeof(*scratch->counts));
		scratch->is_touched[scratch->touched[i]] = false;
	}
	scratch->touched_count = scratch->recorded_count = 0;
}

static void
search_form(struct search *s, struct span data, uint8_t target)
{
	struct clam_scratch *scratch = s->scratch;
	const struct clam_db *db = s->db;

	if (db->signatures == NULL || (!db->targets[0] && !db->targets[target]))
		return;
	s->data = data;
	s->target = target;
	if (!signatures_scan_at(db->signatures, scratch->signatures, data, NULL, pattern_found, s))
		s->decided = false;
	for (size_t i = 0; i < db->idle_count; i++)
		touch(scratch, db->idle[i]);
	for (size_t i = 0; i < scratch->touched_count; i++)
		decide_logical(s, scratch->touched[i]);
	forget(s);
}

static void
search_html(struct search *s, struct span data)
{
	char *room = room_for(s->scratch, clam_html_room(data.len));
	struct clam_html views;

	if (room == NULL) {
		s->decided = false;
		return;
	}
	views = clam_html_normal(data, room);
	search_form(s, views.clean, CLAM_TARGET_HTML);
	search_form(s, views.words, CLAM_TARGET_HTML);
}

static void
search_text(struct search *s, struct span data)
{
	char *room = room_for(s->scratch, data.len + 1);

	if (room == NULL)
		s->decided = false;
	else
		search_form(s, clam_text_normal(data, room), CLAM_TARGET_TEXT);
}

static void
search_forms(struct search *s)
{
	const struct clam_object *o = s->object;
	bool normal = o->data.len <= NORMAL_MAX, at_once;

	if (o->type == CLAM_HTML && normal) {
		search_html(s, o->data);
		return;
	}
	search_form(s, o->data, o->type == CLAM_TEXT ? 0 : clam_target_of(o->type));
	if (o->type != CLAM_TEXT || !normal)
		return;
	if (clam_html_is(o->data, &at_once))
		search_html(s, o->data);
	else
		search_text(s, o->data);
}

static void
search_sections(struct search *s)
{
	for (uint32_t i = 0; i < s->executable.section_count; i++) {
		const struct executable_section *section = &s->executable.sections[i];

		if (section->size > 0 && !clam_hashes_find(&s->db->sections,
		    span_first(span_from(s->object->data, section->offset), section->size), tell, s))
			s->decided = false;
	}
}

bool
clam_scan(const struct clam_db *db, struct clam_scratch *scratch, const struct clam_object *o,
    void (*found)(void *context, const char *name), void *context)
{
	struct search s = { .db = db, .scratch = scratch, .object = o, .found = found, .context = context, .decided = true };

	if (scratch == NULL)
		return false;
	s.asked_allowed = db->allowed.count == 0;
	if (!clam_members_find(db, &scratch->regex, o, tell, &s))
		s.decided = false;
	if (o->unread)
		return s.decided;
	if (!clam_hashes_find(&db->files, o->data, tell, &s))
		s.decided = false;
	if (o->type == CLAM_MSEXE && (db->wants_layout || db->sections.count > 0))
		executable_read_pe(&s.executable, o->data);
	else if (o->type == CLAM_ELF && db->wants_layout)
		executable_read_elf(&s.executable, o->data);
	if (o->type == CLAM_MSEXE)
		search_sections(&s);
	search_forms(&s);
	return s.decided;
}
