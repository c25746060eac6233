/*
 * secret.h - numbers that nobody can foresee.
 */
#ifndef QUOLL_SECRET_H
#define QUOLL_SECRET_H

#include <stdint.h>

/** 128 bits: of the CPU's random numbers; where it has none, of the moments at which the machine
 *  came this far, to a cycle. */
void secret_make(uint8_t secret[16]);

#endif
