/* Content held against one database that uses every feature: as it is, and as
 * what is in another container. Twice the same is found, whatever came between. */
#include "config.h"

#include "engine/clamav.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char bodies[] =
    "Any:0:*:61617878*62627979\nBegin:0:4,8:6161\nEnd:0:EOF-9,3:6262\nEntry:1:EP+0:9090\nSection:1:S0+0:9090\n"
    "Last:1:SL+4,16:9090\nInside:1:SE1:9090\nElf:6:EP-2,9:9090\nText:7:*:6161206262\nHtml:3:*:3c6120687265663d\n"
    "Mail:4:*:66726f6d\nMacro:0:$1:63637a7a\nMacro2:0:$1:6464\n";
static const char logicals[] =
    "Count;Engine:81-255,Target:0;(0|1)>2,2;61617878;62627979\nNone;Engine:81-255,Target:0,FileSize:1-100;0=0;7171\n"
    "Wide;Engine:81-255,Target:0;0;61617878::iwfa\nRegex;Engine:81-255,Target:0;1;6161;4,20:0/a+[bx]/gre\n"
    "Regex2;Engine:81-255,Target:0;1=3;6161;0/a.(?!x)/gsmi\nCompare;Engine:81-255,Target:0;1;6161;0(>>4#hl4#>3,<99)\n"
    "Compare2;Engine:81-255,Target:0;1;6161;0(<<2#ib2#=256)\nMacro;Engine:81-255,Target:0;0&1;6161;${2-9}1$\n"
    "Exe;Engine:81-255,Target:1,EntryPoint:0-4096,NumberOfSections:1-4;0;9090\n"
    "Inner;Engine:81-255,Target:0,Container:CL_TYPE_ZIP;0;6161\n"
    "Deep;Engine:81-255,Target:0,Intermediates:CL_TYPE_ANY>CL_TYPE_ZIP;0;6161\n";
static const char members[] = "Name:*:*:(?i)^a.*(exe|js)$:*:0-9:*:*:*:*\n";
static const char digests[] = "d41d8cd98f00b204e9800998ecf8427e:*:Empty:73\n";

struct names {
	const char *items[256];
	size_t count;
};

static void
take(void *context, const char *name)
{
	struct names *n = context;

	if (n->count < sizeof(n->items) / sizeof(n->items[0]))
		n->items[n->count++] = name;
}

static void
load(struct arena *a, struct clam_db **db)
{
	struct clam_loader *l = clam_loader_new(a, NULL);

	clam_loader_add_text(l, "a.ndb", span_str(bodies));
	clam_loader_add_text(l, "a.ldb", span_str(logicals));
	clam_loader_add_text(l, "a.cdb", span_str(members));
	clam_loader_add_text(l, "a.hdb", span_str(digests));
	if (clam_loader_finish(l, db) != NULL || clam_count(*db) != 26)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct clam_db *db;
	static struct clam_scratch *scratch;
	struct span content = span_of((const char *)data, size);
	const struct clam_object outer = { .data = content, .type = clam_type_of(content) };
	const struct clam_object inner = { .container = &outer, .data = content, .type = CLAM_TEXT, .names = &content,
		.name_count = 1 };
	struct names first = { .count = 0 }, second = { .count = 0 };

	if (db == NULL) {
		load(arena_new(0), &db);
		scratch = clam_scratch_new(db);
	}
	clam_scan(db, scratch, &outer, take, &first);
	clam_scan(db, scratch, &inner, take, &(struct names){ .count = 0 });
	clam_scan(db, scratch, &outer, take, &second);
	if (first.count != second.count || memcmp(first.items, second.items, first.count * sizeof(first.items[0])) != 0)
		abort();
	return 0;
}
