/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * address: IPv4, IPv6 and MAC addresses, printer beside parser. The bytes are in
 * network order.
 *
 * The parsers return as those of text do. They stop at the first byte that can
 * be no part of the address and leave it to the caller. bytes is written on
 * success alone.
 */
#ifndef BPFMAPFS_LIB_ADDRESS_H
#define BPFMAPFS_LIB_ADDRESS_H

#include "lib/buf.h"
#include "lib/text.h"

/* 10.0.0.1 */
void address_print_ipv4(const unsigned char bytes[4], struct buf *out);

/* Four decimals of 0 to 255. 010 is refused: others take it for octal. */
int address_parse_ipv4(struct text *t, unsigned char bytes[4]);

/* RFC 5952: 2001:db8::1; addresses that are mapped from IPv4 as ::ffff:10.0.0.1. */
void address_print_ipv6(const unsigned char bytes[16], struct buf *out);

/* All spellings of RFC 4291, with "::" for one group or more, without a zone. */
int address_parse_ipv6(struct text *t, unsigned char bytes[16]);

/* aa:bb:cc:dd:ee:ff */
void address_print_mac(const unsigned char bytes[6], struct buf *out);

/* Two digits a byte, in either case, with ':' or '-' between, the same throughout. */
int address_parse_mac(struct text *t, unsigned char bytes[6]);

#endif
