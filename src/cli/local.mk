bin_PROGRAMS = src/gatepost
src_gatepost_SOURCES = src/cli/main.c
src_gatepost_LDADD = $(GATEPOST_LIBS) $(GATEPOST_DEPS)
