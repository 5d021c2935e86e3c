/* What every test program includes: cmocka, which wants these four headers before its own. */
#ifndef HT_TESTS_SUPPORT_H
#define HT_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
