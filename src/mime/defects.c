/* The defects of messages: what they are called, what they mean and which of
 * them `hide`, and their list in a message.
 *
 * A defect hides when two mail programs that both try their best could show a
 * user different attachments, or an attachment that was not looked into here.
 * What is merely untidy, or is read here in every way it can be, does not.
 *
 * The list is kept free of repetitions by searching only the defects of the
 * part itself, of which there are at most as many as kinds; so a message of
 * ten thousand defective parts costs no more a part than one of ten. */
#include "config.h"

#include "mime/defects.h"

const struct mime_defect_kind mime_defect_kinds[] = {
	[DEFECT_BARE_CR] = { "bare-cr", false, "a CR stands without LF" },
	[DEFECT_BARE_CR_BEFORE_DASHES] = { "bare-cr-before-dashes", true,
		"a CR without LF stands before two dashes: a delimiter for programs that end lines at CR" },
	[DEFECT_BARE_CR_IN_HEADER] = { "bare-cr-in-header", true,
		"a CR stands without LF in a header: the end of the line for some programs" },
	[DEFECT_BARE_LF_AT_DELIMITER] = { "bare-lf-at-delimiter", true,
		"a delimiter line begins or ends at a bare LF although lines end in CRLF" },
	[DEFECT_BARE_LF_IN_HEADER] = { "bare-lf-in-header", true,
		"a header line ends in a bare LF although lines end in CRLF" },
	[DEFECT_BASE64_AFTER_PADDING] = { "base64-after-padding", false,
		"base64 goes on after its padding; it was read to there, to the end, and from there" },
	[DEFECT_BASE64_MALFORMED] = { "base64-malformed", false,
		"base64 holds other characters, or groups that are not whole; it was read with and without them" },
	[DEFECT_BINHEX_MALFORMED] = { "binhex-malformed", false,
		"BinHex data is not of the grammar; it was decoded as far as it makes sense, and as one piece" },
	[DEFECT_BLANK_FOLD] = { "blank-fold", true,
		"a line of white space stands in a header: its end for some programs, a continuation for others" },
	[DEFECT_BOUNDARY_NOT_FOUND] = { "boundary-not-found", true,
		"a multipart holds no line with its boundary; it was read as one body" },
	[DEFECT_BOUNDARY_REUSED] = { "boundary-reused", true, "a multipart has the boundary of one around it" },
	[DEFECT_BOUNDARY_TOO_LONG] = { "boundary-too-long", true, "a boundary has over 70 characters" },
	[DEFECT_BYTE_ORDER_MARK] = { "byte-order-mark", false,
		"a byte order mark stands before the header; it was skipped" },
	[DEFECT_CHARSET_UNKNOWN] = { "charset-unknown", false,
		"the charset is not known; the text was read as windows-1252" },
	[DEFECT_CONFLICTING_CONTENT_TYPE] = { "conflicting-content-type", true, "Content-Type fields differ" },
	[DEFECT_CONFLICTING_ENCODING] = { "conflicting-encoding", true, "Content-Transfer-Encoding fields differ" },
	[DEFECT_CONFLICTING_EXTENSIONS] = { "conflicting-extensions", false,
		"the names given for a part end in different extensions" },
	[DEFECT_CONFLICTING_NAMES] = { "conflicting-names", false, "a part has several names; each was looked at" },
	[DEFECT_CONFLICTING_PARAMETER] = { "conflicting-parameter", true,
		"a boundary or charset is given twice, differently" },
	[DEFECT_CONTAINER_INCONSISTENT] = { "container-inconsistent", true,
		"an archive or document says two things of what is in it: programs unpack different files" },
	[DEFECT_CONTENT_TYPE_MALFORMED] = { "content-type-malformed", false,
		"a Content-Type is not of the grammar; it was read in every way it makes sense" },
	[DEFECT_DELIMITER_AFTER_FINAL] = { "delimiter-after-final", true,
		"parts follow the final delimiter of their multipart; they were read" },
	[DEFECT_DELIMITER_INDENTED] = { "delimiter-indented", true,
		"blanks or a bare CR stand before a delimiter: it is one for some programs" },
	[DEFECT_DELIMITER_WITH_JUNK] = { "delimiter-with-junk", true,
		"a line begins with a boundary but goes on: a delimiter for some programs, and here" },
	[DEFECT_DISPOSITION_MALFORMED] = { "disposition-malformed", false,
		"a Content-Disposition is not of the grammar; it was read as far as it makes sense" },
	[DEFECT_DUPLICATE_CONTENT_TYPE] = { "duplicate-content-type", false, "there are several Content-Type fields" },
	[DEFECT_DUPLICATE_DISPOSITION] = { "duplicate-disposition", false,
		"there are several Content-Disposition fields" },
	[DEFECT_DUPLICATE_ENCODING] = { "duplicate-encoding", false,
		"there are several Content-Transfer-Encoding fields" },
	[DEFECT_DUPLICATE_HEADER] = { "duplicate-header", false,
		"there are several From, Subject or Date fields" },
	[DEFECT_DUPLICATE_PARAMETER] = { "duplicate-parameter", false, "a parameter is given twice in one field" },
	[DEFECT_ENCODED_MESSAGE] = { "encoded-message", false,
		"a message/rfc822 is encoded, which it must not be; it was decoded and read" },
	[DEFECT_ENCODED_MULTIPART] = { "encoded-multipart", false,
		"a multipart says that it is encoded, which it must not be; where its delimiters did not show it was "
		"decoded and read" },
	[DEFECT_ENCODING_MALFORMED] = { "encoding-malformed", false,
		"a Content-Transfer-Encoding is not of the grammar; its first word counts" },
	[DEFECT_ENCODING_UNKNOWN] = { "encoding-unknown", true,
		"the Content-Transfer-Encoding is not known; the body was taken as it is" },
	[DEFECT_EXTERNAL_BODY] = { "external-body", true,
		"a message/external-body stands for a file that lies elsewhere" },
	[DEFECT_FIELDS_IN_TEXT] = { "fields-in-text", false,
		"Content- fields stand in a text, where they mean nothing; what they describe was read as a part as well" },
	[DEFECT_FIELDS_OUTSIDE_PARTS] = { "fields-outside-parts", true,
		"Content- fields stand before the first or behind the last part of a multipart" },
	[DEFECT_HEADER_AFTER_BLANK_LINE] = { "header-after-blank-line", false,
		"Content- fields stand behind an empty line where a header should begin" },
	[DEFECT_HEADER_NOT_ENDED] = { "header-not-ended", false, "no empty line ends a header" },
	[DEFECT_HEADER_NOT_UTF8] = { "header-not-utf8", false,
		"a header holds bytes over 127 that are not UTF-8; they were read as windows-1252" },
	[DEFECT_HEADER_WITHOUT_COLON] = { "header-without-colon", true,
		"a header line is no field: where the body begins is a guess" },
	[DEFECT_HIDDEN_FIELD] = { "hidden-field", true,
		"only some programs see a Content- field; it was read as a further one" },
	[DEFECT_LIMIT_DECODED] = { "limit-decoded", true, "encoded messages inside messages add up to too much" },
	[DEFECT_LIMIT_DEPTH] = { "limit-depth", true, "parts are nested too deeply; the inner ones were not read" },
	[DEFECT_LIMIT_HEADERS] = { "limit-headers", true, "there are too many header fields; the last were not read" },
	[DEFECT_LIMIT_PARTS] = { "limit-parts", true, "there are too many parts; the last were not read" },
	[DEFECT_LIMIT_READINGS] = { "limit-readings", true,
		"a part has too many types, encodings or names, or is malformed in too many ways; not all were read" },
	[DEFECT_LINE_TOO_LONG] = { "line-too-long", false, "a line has over 998 characters" },
	[DEFECT_MBOX_FROM_LINE] = { "mbox-from-line", false, "the header begins with the \"From \" line of a mailbox" },
	[DEFECT_MISSING_BOUNDARY] = { "missing-boundary", true,
		"a multipart has no boundary; it was read as one body" },
	[DEFECT_MISSING_FINAL_BOUNDARY] = { "missing-final-boundary", false,
		"a multipart ends without its final delimiter" },
	[DEFECT_MISSING_MIME_VERSION] = { "missing-mime-version", false,
		"there is a Content-Type but no MIME-Version; it was believed" },
	[DEFECT_MIXED_LINE_ENDS] = { "mixed-line-ends", false, "some lines end in CRLF and some in a bare LF" },
	[DEFECT_NAME_REVERSED] = { "name-reversed", true,
		"the name of a part holds U+202E, which shows what follows in reverse" },
	[DEFECT_NAME_WITH_CONTROL] = { "name-with-control", true,
		"the name of a part holds NUL or another control character" },
	[DEFECT_NO_PARTS] = { "no-parts", false, "a multipart has no parts; what it holds was read as one body" },
	[DEFECT_NUL] = { "nul", false, "the message holds NUL" },
	[DEFECT_NUL_IN_HEADER] = { "nul-in-header", true, "a header holds NUL: its end for some programs" },
	[DEFECT_PARAMETER_GAP] = { "parameter-gap", false,
		"a continued parameter lacks a piece; it was read with and without the pieces after" },
	[DEFECT_PARTIAL_MESSAGE] = { "partial-message", true,
		"a message/partial is a piece of a message that cannot be looked at whole" },
	[DEFECT_QUOTED_PRINTABLE_MALFORMED] = { "quoted-printable-malformed", false,
		"quoted-printable holds what is not of its grammar; it was read as it is, and in other ways" },
	[DEFECT_QUOTED_PRINTABLE_UNDEFINED] = { "quoted-printable-undefined", true,
		"octets over 127 stand for digits in quoted-printable: what some programs make of them is chance" },
	[DEFECT_SPACE_BEFORE_COLON] = { "space-before-colon", true,
		"white space stands between a field's name and its colon: no field for some programs" },
	[DEFECT_UUENCODE_MALFORMED] = { "uuencode-malformed", false,
		"uuencoded data is not of the grammar; it was decoded as far as it makes sense" },
	[DEFECT_UUENCODE_UNFINISHED] = { "uuencode-unfinished", false, "uuencoded data lacks its \"end\"" },
	[DEFECT_YENC_MALFORMED] = { "yenc-malformed", false,
		"yEnc data is not of the grammar; it was decoded as far as it makes sense" },
	[DEFECT_KINDS] = { NULL, false, NULL },
};

static bool
is_doubt(const char *name)
{
	static const enum defect doubts[] = {
		DEFECT_BARE_CR_BEFORE_DASHES, DEFECT_BARE_CR_IN_HEADER, DEFECT_BARE_LF_AT_DELIMITER,
		DEFECT_BARE_LF_IN_HEADER, DEFECT_BLANK_FOLD, DEFECT_BOUNDARY_NOT_FOUND, DEFECT_BOUNDARY_REUSED,
		DEFECT_BOUNDARY_TOO_LONG, DEFECT_BYTE_ORDER_MARK, DEFECT_CONFLICTING_CONTENT_TYPE,
		DEFECT_CONFLICTING_ENCODING, DEFECT_CONFLICTING_PARAMETER, DEFECT_CONTENT_TYPE_MALFORMED,
		DEFECT_DELIMITER_AFTER_FINAL, DEFECT_DELIMITER_INDENTED, DEFECT_FIELDS_IN_TEXT,
		DEFECT_DELIMITER_WITH_JUNK, DEFECT_DISPOSITION_MALFORMED, DEFECT_ENCODED_MESSAGE, DEFECT_ENCODED_MULTIPART,
		DEFECT_FIELDS_OUTSIDE_PARTS, DEFECT_HEADER_AFTER_BLANK_LINE, DEFECT_HEADER_NOT_ENDED,
		DEFECT_HEADER_WITHOUT_COLON, DEFECT_HIDDEN_FIELD, DEFECT_MISSING_BOUNDARY,
		DEFECT_MISSING_FINAL_BOUNDARY, DEFECT_NO_PARTS, DEFECT_NUL, DEFECT_NUL_IN_HEADER,
		DEFECT_SPACE_BEFORE_COLON,
	};

	for (size_t i = 0; i < sizeof(doubts) / sizeof(doubts[0]); i++)
		if (name == mime_defect_kinds[doubts[i]].name)
			return true;
	return false;
}

bool
defects_leave_doubt(const struct mime_message *m)
{
	for (const struct mime_defect *d = m->defects; d != NULL; d = d->next)
		if (is_doubt(d->name))
			return true;
	return false;
}

void
mime_add_defect(struct mime_message *m, const struct mime_part *part, const char *name, bool hides)
{
	struct mime_defect *d;

	if (part == NULL)
		part = m->root;
	for (d = part->found->first; d != NULL; d = d->next_of_part)
		if (strcmp(d->name, name) == 0)
			return;
	d = ARENA_NEW(m->arena, struct mime_defect);
	*d = (struct mime_defect){ .name = name, .part = part, .section = part->section, .hides = hides,
		.next_of_part = part->found->first };
	part->found->first = d;
	*m->defects_end = d;
	m->defects_end = &d->next;
	m->defect_count++;
}

void
defect_add(struct mime_message *m, const struct mime_part *part, enum defect kind)
{
	mime_add_defect(m, part, mime_defect_kinds[kind].name, mime_defect_kinds[kind].hides);
}

void
defect_over_limit(struct mime_message *m, const struct mime_part *part, enum defect kind)
{
	m->over_limit = true;
	defect_add(m, part, kind);
}
