# Ways to hide an attachment. Its judges are the packages that tools/setup check installs.
TESTS += tests/readings.py
EXTRA_DIST += tests/readings.py \
	tests/readings/__init__.py \
	tests/readings/archives.py \
	tests/readings/boundaries.py \
	tests/readings/build.py \
	tests/readings/codecs.py \
	tests/readings/fields.py \
	tests/readings/gate.py \
	tests/readings/gatepost.yaml \
	tests/readings/lines.py \
	tests/readings/names.py \
	tests/readings/ordinary.py \
	tests/readings/packages.py \
	tests/readings/payload.py \
	tests/readings/registry.py \
	tests/readings/rules.yaml \
	tests/readings/structure.py \
	tests/readings/transfer.py \
	tests/readings/volumes.py \
	tests/readings/zips.py \
	tests/readings/judges/__init__.py \
	tests/readings/judges/content.py \
	tests/readings/judges/with_gmime.py \
	tests/readings/judges/with_mime_tools.pl \
	tests/readings/judges/with_node.js \
	tests/readings/judges/with_program.py \
	tests/readings/judges/with_python.py

# What ambiguous messages are written anew as. Of these the suite takes a share.
check_PROGRAMS += tests/deliver
tests_deliver_SOURCES = tests/deliver.c
tests_deliver_LDADD = $(CORE_LIBS) $(CORE_DEPS)
TESTS += tests/readings_rewrite.py
EXTRA_DIST += tests/readings_rewrite.py tests/readings/rewrite.yaml

# Ways that nobody thought of: well-formed messages, got wrong at random, and
# what was found so before.
TESTS += tests/readings_mutate.py
EXTRA_DIST += tests/readings_mutate.py tests/readings/found tests/readings/mutate.py tests/readings/seeds.py
