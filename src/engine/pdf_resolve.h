/* What a PDF's objects refer to one another for. */
#ifndef ENGINE_PDF_RESOLVE_H
#define ENGINE_PDF_RESOLVE_H

#include "engine/pdf_object.h"

/* Puts the objects in the order of their numbers, for pdf_find(). */
void pdf_sort(struct pdf *p);
/* Where the objects of that number begin, of those that were sorted; p->sorted when there is none. */
size_t pdf_find(const struct pdf *p, uint64_t number);

/* A stream's dictionary where what it says of filters, places and lengths stands in it: the one given where it
 * does, else one in the arena that has those keys alone. *complete is false when an object is not there. */
struct span pdf_resolve(struct pdf *p, struct span dictionary, bool *complete);
/* A stream's octets, by the length that the resolved dictionary tells where that is right. */
struct span pdf_raw(const struct pdf *p, const struct pdf_object *o, struct span dictionary);
/* The number that stands for that key; 0 when there is none. */
uint64_t pdf_number(struct span dictionary, const char *key);

#endif
