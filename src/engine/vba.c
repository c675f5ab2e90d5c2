/* Macros. A storage holds a stream "dir", which lists the modules, and a
 * stream for each; the source stands in these, compressed, after compiled code
 * whose length only "dir" tells. A module that is not listed, or whose place is
 * told wrongly, is found by how its source begins: by the word Attribute, which
 * compression leaves as it is.
 *
 * Known limit: compiled code that differs from the source is not read. */
#include "config.h"

#include "engine/vba.h"

enum {
	CHUNK = 4096,
	MODULES_MAX = 1024,

	RECORD_VERSION = 0x0009,     /* says 4 octets and has 6 */
	RECORD_MODULE_STREAM = 0x001a,
	RECORD_MODULE_STREAM_UTF16 = 0x0032,
	RECORD_MODULE_OFFSET = 0x0031,
	RECORD_MODULE_END = 0x002b,
};

/* --- Compression (MS-OVBA 2.4.1) --- */

/* A reference is 16 bits, of which as many are the distance as the output of
 * the chunk so far may need, and the others the length. */
static bool
copy_back(struct buf *out, size_t chunk_start, unsigned token)
{
	size_t done = out->len - chunk_start;
	unsigned bits = 4, distance;
	size_t len;

	while (((size_t)1 << bits) < done)
		bits++;
	distance = (token >> (16 - bits)) + 1;
	len = (token & (0xffffu >> bits)) + 3;
	if (distance > done)
		return false;
	for (; len > 0 && !out->failed; len--)
		buf_add_byte(out, out->data[out->start + out->len - distance]);
	return true;
}

static bool
unpack_chunk(struct span in, struct buf *out)
{
	size_t start = out->len, at = 0;

	while (at < in.len && !out->failed) {
		unsigned flags = (unsigned char)in.data[at++];

		for (int bit = 0; bit < 8 && at < in.len; bit++, flags >>= 1) {
			if ((flags & 1) == 0) {
				buf_add_byte(out, in.data[at++]);
				continue;
			}
			if (in.len - at < 2 || !copy_back(out, start, le16(in, at)))
				return false;
			at += 2;
			if (out->len - start > CHUNK)
				return false;
		}
	}
	return true;
}

bool
vba_decompress(struct span in, struct buf *out)
{
	if (in.len == 0 || in.data[0] != 1)
		return false;
	in = span_from(in, 1);
	while (in.len >= 2 && !out->failed) {
		unsigned header = le16(in, 0);
		size_t len = (header & 0xfff) + 1;
		struct span chunk = span_sub(in, 2, len);

		if ((header >> 12 & 7) != 3)
			return false;
		if (header & 0x8000) {
			if (!unpack_chunk(chunk, out))
				return false;
		} else {
			buf_add_span(out, span_sub(in, 2, CHUNK));
		}
		if (chunk.len < len)
			return false;
		in = span_from(in, 2 + len);
	}
	return !out->failed;
}

/* --- What runs by itself --- */

/* Whole names, of Word, Excel, PowerPoint and Access. */
static const char *const automatic[] = { "autoexec", "autoopen", "autoclose", "autonew", "autoexit", "auto_open",
	"auto_close", "auto_exec", "auto_exit", "auto_activate", "auto_deactivate", "auto_add", "auto_remove", "auto_new",
	"auto_ope", "document_open", "document_close", "document_new", "documentopen", "documentchange", "newdocument",
	"documentbeforeclose", "documentbeforesave", "documentbeforeprint", "document_beforeclose", "workbook_open", "workbook_close",
	"workbook_activate", "workbook_deactivate", "workbook_beforeclose", "workbook_beforesave", "workbook_beforeprint",
	"workbook_windowactivate", "workbook_windowresize", "workbook_sheetactivate", "workbook_sheetcalculate",
	"workbook_sheetchange", "workbook_sheetselectionchange", "workbook_addininstall", "worksheet_activate", "worksheet_calculate", "worksheet_change",
	"worksheet_selectionchange", "presentation_open", "slideshowbegin", "onslideshowpagechange", "app_presentationopen",
	"app_slideshowbegin", "application_startup", "application_newmail", "application_newmailex",
	"application_itemsend", "application_quit", NULL };

/* Events that a control in a document has as soon as it is seen. */
static const char *const automatic_events[] = { "_layout", "_paint", "_painted", "_resize", "_gotfocus", "_lostfocus",
	"_mousehover", "_mousemove", "_mouseenter", "_mouseleave", "_beforenavigate2", "_navigatecomplete2",
	"_documentcomplete", "_downloadbegin", "_downloadcomplete", "_filedownload", "_progresschange", "_titlechange",
	"_statustextchange", "_windowstatechanged", "_windowstateactivate", "_onconnecting", "_onconnected",
	"_ondisconnected", "_onauthenticationwarningdisplayed", "_onremotedesktopsizechange", "_initialize", NULL };

static bool
is_word(char c)
{
	return ascii_is_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool
name_is_automatic(struct span name)
{
	for (size_t i = 0; automatic[i] != NULL; i++)
		if (span_eq_nocase(name, span_str(automatic[i])))
			return true;
	for (size_t i = 0; automatic_events[i] != NULL; i++)
		if (span_ends_nocase(name, automatic_events[i]) && !span_eq_nocase(name, span_str("class_initialize")))
			return true;
	return false;
}

static struct span
take_word(struct span *in)
{
	size_t start = 0, end;
	struct span word;

	while (start < in->len && !is_word(in->data[start]))
		start++;
	end = start;
	while (end < in->len && is_word(in->data[end]))
		end++;
	word = span_sub(*in, start, end - start);
	*in = span_from(*in, end);
	return word;
}

static bool
is_main(struct span name)
{
	return span_is_nocase(name, "main");
}

/* A procedure is declared by Sub or Function and its name; a line that goes on
 * after "_" may end between (MS-VBAL 3.2.2). */
static bool
declares(struct span source, bool (*wanted)(struct span name))
{
	bool named = false;

	while (source.len > 0) {
		struct span word = take_word(&source);

		if (named && span_is(word, "_"))
			continue;
		if (named && wanted(word))
			return true;
		named = span_is_nocase(word, "sub") || span_is_nocase(word, "function");
	}
	return false;
}

/* In Word a module is called as well as a procedure, and its Main runs. */
bool
vba_runs_by_itself(struct span module, struct span source)
{
	return declares(source, name_is_automatic) || (name_is_automatic(module) && declares(source, is_main));
}

/* --- Projects --- */

struct module {
	struct span stream;
	uint32_t offset;
};

struct project {
	struct document *d;
	struct ole2 *o;
	uint32_t storage;
	struct module *modules;
	size_t count, cap;
};

/* The list is records of a number, a length and as many octets; the names of
 * streams stand before their offsets. */
static void
read_dir(struct project *p, struct span in)
{
	struct module m = { .stream = SPAN_NONE };

	while (in.len >= 6 && p->count < MODULES_MAX) {
		unsigned number = le16(in, 0);
		size_t len = number == RECORD_VERSION ? 6 : le32(in, 2);
		struct span value = span_sub(in, 6, len);

		if (number == RECORD_MODULE_STREAM)
			m.stream = arena_copy(p->d->arena, value);
		else if (number == RECORD_MODULE_STREAM_UTF16 && value.len > 0)
			m.stream = utf16_to_utf8(p->d->arena, value, false);
		else if (number == RECORD_MODULE_OFFSET)
			m.offset = le32(value, 0);
		else if (number == RECORD_MODULE_END && m.stream.len > 0) {
			p->modules = arena_grow(p->d->arena, p->modules, sizeof(m), &p->cap, p->count + 1);
			p->modules[p->count++] = m;
			m = (struct module){ .stream = SPAN_NONE };
		}
		in = span_from(in, 6 + len);
	}
}

static void
tell_source(struct project *p, struct span name, struct span source)
{
	if (source.len == 0)
		return;
	if (vba_runs_by_itself(name, source))
		document_trait(p->d, TRAIT_AUTO_RUN);
	document_tell(p->d, span_str(arena_printf(p->d->arena, "%.*s.bas", SPAN_ARG(name))), source);
}

/* Where a compressed source begins: three octets before the flags of its first
 * eight letters. */
static size_t
find_source(struct span stream)
{
	size_t at = span_find(stream, SPAN_LITERAL("\0Attribut"));

	return at != SIZE_MAX && at >= 3 && stream.data[at - 3] == 1 ? at - 3 : SIZE_MAX;
}

static const struct module *
listed(const struct project *p, struct span name)
{
	for (size_t i = 0; i < p->count; i++)
		if (span_eq_nocase(p->modules[i].stream, name))
			return &p->modules[i];
	return NULL;
}

static bool
is_own_stream(struct span name)
{
	return span_is_nocase(name, "dir") || span_is_nocase(name, "_VBA_PROJECT") || span_starts_nocase(name, "__SRP_");
}

static void
read_module(struct project *p, const struct ole2_entry *e)
{
	const struct module *m = listed(p, e->name);
	struct span stream = ole2_stream(p->o, e, SIZE_MAX);
	struct buf *room = document_room(p->d);
	size_t found;

	if (m != NULL)
		vba_decompress(span_from(stream, m->offset), room);
	if (room->len == 0 && !room->failed && (found = find_source(stream)) != SIZE_MAX)
		vba_decompress(span_from(stream, found), room);
	if (m != NULL && room->len == 0)
		document_damaged(p->d);
	document_settle(p->d, room);
	tell_source(p, e->name, buf_span(room));
	document_drop(room);
}

void
vba_read(struct document *d, struct ole2 *o, uint32_t storage)
{
	struct project p = { .d = d, .o = o, .storage = storage };
	const struct ole2_entry *dir = ole2_find(o, storage, "dir");
	struct buf *room = document_room(d);
	size_t streams = 0;

	if (dir == NULL)
		return;
	document_trait(d, TRAIT_MACROS);
	vba_decompress(ole2_stream(o, dir, SIZE_MAX), room);
	document_settle(d, room);
	read_dir(&p, buf_span(room));
	document_drop(room);
	for (uint32_t i = o->entries[storage].first_child; i != 0 && !d->stopped; i = o->entries[i].next_sibling) {
		if (o->entries[i].kind != OLE2_STREAM || is_own_stream(o->entries[i].name))
			continue;
		if (streams++ == MODULES_MAX)
			document_over_limit(d);
		else
			read_module(&p, &o->entries[i]);
	}
}
