# Judge: MIME-tools. Reads paths, a line each; writes for each {"file", "leaves": [[name, base64]...]}.
use strict;
use warnings;
use JSON::PP;
use MIME::Base64;
use MIME::Parser;

$| = 1;
my $json = JSON::PP->new->latin1->canonical;

sub leaves {
	my ($entity, $out) = @_;
	my @parts = $entity->parts;
	if (@parts) {
		leaves($_, $out) for @parts;
		return;
	}
	my $name = $entity->head->recommended_filename // "";
	my $body = $entity->bodyhandle;
	my $content = $body ? $body->as_string : "";
	utf8::encode($content) if utf8::is_utf8($content);
	push @$out, [$name, encode_base64($content, "")];
	push @$out, ["", encode_base64(join("", @{$entity->preamble || []}), "")] if $entity->preamble;
}

while (my $path = <STDIN>) {
	chomp $path;
	my $parser = MIME::Parser->new;
	$parser->output_to_core(1);
	$parser->tmp_to_core(1);
	$parser->extract_uuencode(1);
	$parser->extract_nested_messages(1);
	local $SIG{__WARN__} = sub { };
	my @leaves;
	eval {
		my $entity = $parser->parse_open($path);
		leaves($entity, \@leaves);
		1;
	} or print STDERR "$path: $@";
	print $json->encode({ file => $path, leaves => \@leaves }), "\n";
}
