/* evil.c - a library that somebody would like a setuid program to load in place of ours. */
#include "host.h"

__attribute__((constructor)) static void loaded(void) { CHECK(!"the evil library was loaded"); }
