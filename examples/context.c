/* The smallest program: makes a context, says what it is linked with.
 *
 *   cc context.c $(pkg-config --cflags --libs halftone) -o context && ./context
 */
#include <halftone/context.h>
#include <stdio.h>

int main(void) {
    ht_context *context;
    ht_error error;
    if (ht_context_create(NULL, &context, &error) != HT_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    printf("Halftone %s with %u threads\n", ht_version(), ht_context_threads(context));
    ht_context_destroy(context);
    return 0;
}
