/* halftone version. */
#include "verbs.h"

static ht_status run(cli_session *session, const void *given, ht_error *err) {
    (void)given;
    if (session->common.json) {
        return cli_print_json("halftone-version", 1,
                              json_pack("{s:s, s:i}", "halftone", ht_version(), "api", ht_api_version()), err);
    }
    printf("halftone %s (interface %d)\n", ht_version(), ht_api_version());
    return HT_OK;
}

const cli_verb cmd_version = {
    .name = "version",
    .stage = "About",
    .summary = "print the version of the program and of its C interface",
    .examples = {{"halftone version", "for people"}, {"halftone version --json", "for programs"}},
    .common = CLI_USES_JSON,
    .run = run,
};
