/*
 * kmemleak.h - stands in for Linux's: one of ACPICA's files tells Linux's leak detector about an
 * object that it keeps for ever. There is no such detector here.
 */
#ifndef ACPICA_KMEMLEAK_H
#define ACPICA_KMEMLEAK_H

#define kmemleak_not_leak(object) ((void)(object))

#endif
