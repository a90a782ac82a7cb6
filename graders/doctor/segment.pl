#!/usr/bin/perl
# Asks who is on the segment of an interface, and changes nothing there: a DHCP
# client that wants an address, and an ARP probe (RFC 5227) for each address.
# Prints who answers, one "answers=dhcp SERVER MAC" or "answers=arp ADDRESS MAC"
# a line. Debian and Ubuntu always have perl, and root's packet sockets get past
# firewalls and other DHCP clients of the host.
#
# usage: segment.pl INTERFACE SECONDS ADDRESS...
use strict;
use warnings;
use Socket qw(inet_aton inet_ntoa SOCK_RAW);
use constant {AF_PACKET => 17, ETH_P_ALL => 3, IPV4 => 0x0800, ARP => 0x0806, UDP => 17};

my ($dev, $seconds, @addresses) = @ARGV;
my %wanted = map { $_ => 1 } @addresses;

my ($index, $own) = `ip -o link show dev $dev` =~ m{^(\d+): .* link/ether ([0-9a-f:]+)}
  or die "$dev: no interface of Ethernet\n";
my $mac = pack('H12', $own =~ tr/://dr);
my $everyone = "\xff" x 6;

socket(my $socket, AF_PACKET, SOCK_RAW, 0) or die "no packet socket: $!\n";
bind($socket, pack('S n i x12', AF_PACKET, ETH_P_ALL, $index)) or die "$dev: $!\n";

sub frame {
  my ($type, $payload) = @_;
  return $everyone . $mac . pack('n', $type) . $payload;
}

sub arp_probe {
  my ($address) = @_;
  return frame(ARP, pack('n n C C n', 1, IPV4, 6, 4, 1) . $mac . "\0" x 10 . inet_aton($address));
}

sub checksum {
  my ($header) = @_;
  my $sum = 0;
  $sum += $_ for unpack('n*', $header);
  $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
  return ~$sum & 0xffff;
}

# It asks for an answer to everyone (0x8000): the host may have no address there.
my $transaction = pack('N', int(rand(2**32)));
sub discover {
  my $dhcp = pack('C4', 1, 1, 6, 0) . $transaction . pack('n n x16', 0, 0x8000)
    . $mac . "\0" x 202 . pack('N', 0x63825363)
    . pack('C*', 53, 1, 1, 55, 2, 1, 3, 255) . "\0" x 52;
  my $udp = pack('n4', 68, 67, 8 + length($dhcp), 0) . $dhcp;
  my @header = (0x45, 0, 20 + length($udp), 0, 0, 64, UDP, 0, "\0" x 4, "\xff" x 4);
  my $form = 'C C n n n C C n a4 a4';
  $header[7] = checksum(pack($form, @header));
  return frame(IPV4, pack($form, @header) . $udp);
}

sub answer {
  my ($frame) = @_;
  return if length($frame) < 42;
  my ($from, $type) = unpack('x6 a6 n', $frame);
  my $who = join(':', unpack('(H2)*', $from));
  if ($type == ARP) {
    my ($what, $sender) = unpack('x20 n x6 a4', $frame);
    my $address = inet_ntoa($sender);
    return "arp $address $who" if $what == 2 && $wanted{$address};
  }
  if ($type == IPV4 && ord(substr($frame, 23, 1)) == UDP) {
    my $udp = substr($frame, 14 + (ord(substr($frame, 14, 1)) & 15) * 4);
    return if length($udp) < 16;
    my ($source, undef, $kind, $id) = unpack('n n x4 C x3 a4', $udp);
    return "dhcp " . inet_ntoa(substr($frame, 26, 4)) . " $who"
      if $source == 67 && $kind == 2 && $id eq $transaction;
  }
  return;
}

my (%seen, $sent);
my $end = time + $seconds;
my @queue = ((map { arp_probe($_) } @addresses), discover(), (map { arp_probe($_) } @addresses), discover());
while (time < $end) {
  send($socket, shift @queue, 0) if @queue;
  my $ready = '';
  vec($ready, fileno($socket), 1) = 1;
  next unless select($ready, undef, undef, @queue ? 0.001 : 0.2);
  recv($socket, my $frame, 2048, 0);
  my $line = answer($frame) or next;
  print "answers=$line\n" unless $seen{$line}++;
}
print "segment=asked\n";
