// The record of a directory of changes, which may be a copy from elsewhere: it must not lead out of the directory, nor
// to a path on the host that is another one's name.
#include "fuzz/fuzz.hpp"

#include "changes/record.hpp"

#include <string>

namespace sandbox_fuzz {
namespace {

using namespace sandbox::changes;

void check(const Record& record) {
    for (const Overlay& overlay : record.overlays) {
        const std::string path = overlay.path + "/";
        must(path.starts_with('/') && path.find('\0') == std::string::npos, "a path is absolute");
        must(path.find("/../") == std::string::npos && path.find("/./") == std::string::npos, "a path is canonical");
        must(overlay.number < most_overlays, "a number is one");
        must((overlay.root.mode & ~mode_t{07777}) == 0, "permissions are nothing else");
    }
    for (const sandbox::IdRange& range : record.users) {
        must(range.count > 0 && range.outside + range.count > range.outside, "an extent does not wrap");
    }
}

// As it stands, and with the sum that makes it one: no guess ever has the right one.
void read(std::string_view text) {
    accepts<BadRecord>([&] {
        const Record record = parse_record(text);
        check(record);
        must(record_text(record) == text, "what was read is written again");
    });
}

}  // namespace

void changes(std::string_view text) {
    read(text);
    // A path of the text's own.
    Record record;
    record.overlays = {{std::string(text), 0, {}, {}}};
    read(record_text(record));
    must(is_canonical(text) == accepts<BadRecord>([&] { (void)parse_record(record_text(record)); }),
         "a record with a canonical path is one");
}

}  // namespace sandbox_fuzz
