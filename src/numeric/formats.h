/* The formats that the list in format.c holds; other code asks the list. */
#ifndef HT_NUMERIC_FORMATS_H
#define HT_NUMERIC_FORMATS_H

#include "numeric/format.h"

enum { HT_SIGNED_INTEGERS = 15, HT_UNSIGNED_INTEGERS = 16 };
extern const ht_number_format ht__signed_integers[HT_SIGNED_INTEGERS];
extern const ht_number_format ht__unsigned_integers[HT_UNSIGNED_INTEGERS];
extern const ht_number_format ht__f16, ht__bf16, ht__f8e4m3, ht__f8e5m2, ht__f6e3m2, ht__f6e2m3, ht__f4e2m1;
extern const ht_number_format ht__nf4;

#endif
