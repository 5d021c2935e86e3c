/* The readers, for the list. */
#ifndef HT_DATA_READERS_H
#define HT_DATA_READERS_H

#include "data/source.h"

extern const ht__reader_type ht__reader_idx;
extern const ht__reader_type ht__reader_cifar;
extern const ht__reader_type ht__reader_folder;
extern const ht__reader_type ht__reader_csv;
extern const ht__reader_type ht__reader_keel;
extern const ht__reader_type ht__reader_npy;

#endif
