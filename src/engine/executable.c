/* The layout of PE (as Windows' loader and ClamAV take it: starts of sections
 * are rounded down and sizes up to the alignment of the file) and ELF. Only
 * headers are read, each number is checked against the file, and what does not
 * make sense is told as not known. */
#include "config.h"

#include "engine/executable.h"

/* --- Numbers --- */

struct numbers {
	struct span data;
	bool big; /* most significant octet first */
};

/* 0 where the file ends before. */
static uint64_t
number_at(const struct numbers *n, uint64_t offset, unsigned size)
{
	uint64_t value = 0;

	if (offset > n->data.len || size > n->data.len - offset)
		return 0;
	for (unsigned i = 0; i < size; i++)
		value = value << 8 | (unsigned char)n->data.data[offset + (n->big ? i : size - 1 - i)];
	return value;
}

static void
section_add(struct executable *e, struct span data, uint64_t offset, uint64_t size)
{
	struct executable_section *s = &e->sections[e->section_count++];

	s->offset = offset < data.len ? (size_t)offset : data.len;
	s->size = size < data.len - s->offset ? (size_t)size : data.len - s->offset;
}

/* --- PE --- */

enum {
	PE_HEADER = 24,          /* signature and COFF header */
	PE_SECTION = 40,
	PE_SECTOR = 0x200,       /* the alignment where the header's own makes no sense */
	PE_OPTIONAL_LEAST = 0x40,
};

struct pe {
	struct numbers n;
	uint64_t optional, table; /* offsets */
	uint32_t count, file_alignment, section_alignment;
};

static uint64_t
round_down(uint64_t value, uint32_t alignment)
{
	return alignment > 0 ? value / alignment * alignment : value;
}

static uint64_t
round_up(uint64_t value, uint32_t alignment)
{
	return alignment > 0 ? (value + alignment - 1) / alignment * alignment : value;
}

static uint64_t
pe_field(const struct pe *pe, uint32_t section, unsigned offset)
{
	return number_at(&pe->n, pe->table + (uint64_t)section * PE_SECTION + offset, 4);
}

static bool
pe_headers(struct pe *pe, struct span data)
{
	uint64_t at;

	pe->n = (struct numbers){ .data = data };
	at = number_at(&pe->n, 0x3c, 4);
	if (number_at(&pe->n, 0, 2) != 0x5a4d || number_at(&pe->n, at, 4) != 0x4550)
		return false;
	pe->optional = at + PE_HEADER;
	pe->count = (uint32_t)number_at(&pe->n, at + 6, 2);
	pe->table = pe->optional + number_at(&pe->n, at + 20, 2);
	pe->section_alignment = (uint32_t)number_at(&pe->n, pe->optional + 32, 4);
	pe->file_alignment = (uint32_t)number_at(&pe->n, pe->optional + 36, 4);
	if (pe->count == 0 || pe->count > EXECUTABLE_SECTIONS_MAX || pe->table > data.len ||
	    (data.len - pe->table) / PE_SECTION < pe->count || pe->table < pe->optional + PE_OPTIONAL_LEAST)
		return false;
	for (uint32_t i = 0; i < pe->count && pe->file_alignment > 0; i++)
		if (pe_field(pe, i, 16) != 0 && pe_field(pe, i, 20) % pe->file_alignment != 0 &&
		    pe_field(pe, i, 20) % PE_SECTOR == 0)
			pe->file_alignment = PE_SECTOR;
	return true;
}

/* The offset of an address relative to where the image is loaded. */
static bool
pe_offset_of(const struct executable *e, const struct pe *pe, uint64_t address, size_t *offset)
{
	uint64_t headers = round_up(number_at(&pe->n, pe->optional + 60, 4), pe->section_alignment);

	if (address < headers) {
		*offset = (size_t)address;
		return address < pe->n.data.len;
	}
	for (uint32_t i = pe->count; i-- > 0;) {
		uint64_t start = round_down(pe_field(pe, i, 12), pe->section_alignment);

		if (start <= address && address - start < e->sections[i].size) {
			*offset = e->sections[i].offset + (size_t)(address - start);
			return true;
		}
	}
	return false;
}

void
executable_read_pe(struct executable *e, struct span data)
{
	struct pe pe;

	*e = (struct executable){ .known = false };
	if (!pe_headers(&pe, data))
		return;
	e->known = true;
	for (uint32_t i = 0; i < pe.count; i++)
		section_add(e, data, round_down(pe_field(&pe, i, 20), pe.file_alignment),
		    round_up(pe_field(&pe, i, 16), pe.file_alignment));
	e->has_entry = pe_offset_of(e, &pe, number_at(&pe.n, pe.optional + 16, 4), &e->entry);
}

/* --- ELF --- */

/* Where the fields of the two classes lie. */
struct elf_class {
	unsigned word, entry, program_table, section_table, program_size, section_size;
	unsigned segment_offset, segment_address, segment_length; /* in a program header */
	unsigned offset, size;                                    /* in a section header */
};

static const struct elf_class elf_classes[] = {
	{ 4, 0x18, 0x1c, 0x20, 0x2a, 0x2e, 0x04, 0x08, 0x10, 0x10, 0x14 },
	{ 8, 0x18, 0x20, 0x28, 0x36, 0x3a, 0x08, 0x10, 0x20, 0x18, 0x20 },
};

/* A table's entries are followed by their number in the header. */
static void
elf_entry(struct executable *e, const struct numbers *n, const struct elf_class *c)
{
	uint64_t address = number_at(n, c->entry, c->word), at = number_at(n, c->program_table, c->word);
	uint64_t size = number_at(n, c->program_size, 2), count = number_at(n, c->program_size + 2, 2);

	for (uint64_t i = 0; i < count && !e->has_entry && at < n->data.len; i++, at += size) {
		uint64_t start = number_at(n, at + c->segment_address, c->word);
		uint64_t length = number_at(n, at + c->segment_length, c->word);
		uint64_t offset = number_at(n, at + c->segment_offset, c->word);

		if (address < start || address - start >= length || offset >= n->data.len ||
		    address - start >= n->data.len - offset)
			continue;
		e->entry = (size_t)(offset + address - start);
		e->has_entry = true;
	}
}

void
executable_read_elf(struct executable *e, struct span data)
{
	struct numbers n = { .data = data };
	const struct elf_class *c;
	uint64_t at, size, count;

	*e = (struct executable){ .known = false };
	if (data.len < 0x34 || !span_starts(data, "\x7f" "ELF") || data.data[4] < 1 || data.data[4] > 2)
		return;
	c = &elf_classes[data.data[4] - 1];
	n.big = data.data[5] == 2;
	at = number_at(&n, c->section_table, c->word);
	size = number_at(&n, c->section_size, 2);
	count = number_at(&n, c->section_size + 2, 2);
	if (count > EXECUTABLE_SECTIONS_MAX)
		count = EXECUTABLE_SECTIONS_MAX;
	for (uint64_t i = 0; i < count && at < data.len; i++, at += size)
		section_add(e, data, number_at(&n, at + c->offset, c->word), number_at(&n, at + c->size, c->word));
	elf_entry(e, &n, c);
	e->known = true;
}
