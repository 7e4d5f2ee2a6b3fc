// The record of a sandbox's placeholders: whoever may write it must not have the sweep remove anything else.
#include "fuzz/fuzz.hpp"

#include "placeholder/record.hpp"

#include <string>

namespace sandbox_fuzz {
namespace {

using namespace sandbox::placeholder;

void check_entry(const Entry& entry) {
    const std::string name = "/" + entry.name + "/";
    must(is_plain(entry.name), "a placeholder has a plain name");
    must(name.find("/../") == std::string::npos && name.find("//") == std::string::npos,
         "a placeholder lies below its directory");
    must(name.find('\0') == std::string::npos, "a name is not cut");
}

std::string written(const Record& record) {
    return intent_text(record) + identity_text(record) + init_text(record);
}

}  // namespace

void placeholders(std::string_view text) {
    const Record record = parse_record(text);
    for (const Group& group : record.groups) {
        must(group.path.starts_with('/') && group.path.find('\0') == std::string::npos, "a directory is absolute");
        for (const Entry& entry : group.entries) {
            check_entry(entry);
        }
    }
    must(written(parse_record(written(record))) == written(record), "what was read is read again");
}

}  // namespace sandbox_fuzz
