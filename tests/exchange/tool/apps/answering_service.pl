#!/usr/bin/env perl
# A doctor's answering service, written from Twilio's documentation with what Perl itself brings.
# It checks every signature, dials the doctor, or keeps a message. It prints where it listens.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha1_base64);
use IO::Socket::INET;

my $token = $ENV{TWILIO_AUTH_TOKEN};
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 16, ReuseAddr => 1)
    or die "cannot listen: $!";
my $home = 'http://127.0.0.1:' . $server->sockport;
$| = 1;
print "$home\n";

my $menu = '<Gather numDigits="1" action="/choice"><Say>For the doctor on call, press 1. '
    . 'To leave a message, press 2.</Say></Gather><Say>Goodbye.</Say>';

my %answers = (
    '/voice' => sub { $menu },
    '/choice' => sub {
        my ($form) = @_;
        return '<Dial callerId="+12025550130" record="record-from-answer" action="/dialed">'
            . '<Number url="/whisper">+12025550131</Number></Dial>' if $form->{Digits} eq '1';
        return '<Say>Please speak after the tone.</Say><Record action="/kept" maxLength="60"/>'
            if $form->{Digits} eq '2';
        return $menu;
    },
    '/whisper' => sub { '<Say>A patient is calling.</Say>' },
    '/dialed' => sub {
        my ($form) = @_;
        return $form->{DialCallStatus} eq 'completed'
            ? "<Say>You have talked to the doctor. Recording $form->{RecordingSid}.</Say>"
            : "<Say>The doctor is $form->{DialCallStatus}.</Say>$menu";
    },
    '/kept' => sub {
        my ($form) = @_;
        return "<Say>Your message of $form->{RecordingDuration} seconds is kept.</Say><Hangup/>";
    },
);

sub decoded {
    my ($text) = @_;
    $text =~ tr/+/ /;
    $text =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
    return $text;
}

while (my $client = $server->accept) {
    my ($method, $path) = (<$client> // '') =~ m{^(\S+) (\S+)};
    my %headers;
    while (defined(my $line = <$client>)) {
        $line =~ s/\r?\n$//;
        last if $line eq '';
        my ($name, $value) = split /:\s*/, $line, 2;
        $headers{lc $name} = $value;
    }
    my $body = '';
    read $client, $body, $headers{'content-length'} // 0;
    my %form = map { my ($name, $value) = split /=/, $_, 2; (decoded($name), decoded($value // '')) }
        split /&/, $body;
    my $signed = $home . ($path // '') . join '', map { $_ . $form{$_} } sort keys %form;
    my $signature = hmac_sha1_base64($signed, $token) . '=';
    my ($status, $type, $text) = ('404 Not Found', 'text/plain', "nothing here\n");
    if (($headers{'x-twilio-signature'} // '') ne $signature) {
        ($status, $text) = ('403 Forbidden', "wrong signature\n");
    } elsif (my $answer = $answers{$path}) {
        ($status, $type, $text) = ('200 OK', 'text/xml', '<Response>' . $answer->(\%form) . '</Response>');
    }
    print $client "HTTP/1.1 $status\r\nContent-Type: $type\r\nContent-Length: ${\length $text}\r\n"
        . "Connection: close\r\n\r\n$text";
    close $client;
}
