/* Where an executable's code begins and its sections lie: of PE and ELF. */
#ifndef ENGINE_EXECUTABLE_H
#define ENGINE_EXECUTABLE_H

#include "base/span.h"

enum { EXECUTABLE_SECTIONS_MAX = 96 }; /* Windows loads no more */

struct executable {
	bool known;     /* the headers make sense */
	bool has_entry;
	size_t entry;   /* offset in the file of the first instruction */
	uint32_t section_count;
	struct executable_section {
		size_t offset, size; /* in the file; within it */
	} sections[EXECUTABLE_SECTIONS_MAX];
};

void executable_read_pe(struct executable *e, struct span data);
void executable_read_elf(struct executable *e, struct span data);

#endif
