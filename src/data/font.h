/* A small bitmap font for labels in contact sheets. */
#ifndef HT_DATA_FONT_H
#define HT_DATA_FONT_H

#include <stdint.h>

#define HT__FONT_WIDTH 5
#define HT__FONT_HEIGHT 7

/* The rows of a character from the top; bit HT__FONT_WIDTH - 1 is the leftmost pixel. Characters that the font lacks
 * give a question mark. */
const uint8_t *ht__font_rows(char character);

#endif
