// passwd(5), also that of a --root, which anybody may have written. The first line is the uid that is looked for.
#include "fuzz/fuzz.hpp"

#include "spec/numbers.hpp"
#include "spec/passwd.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace sandbox_fuzz {

void passwd(std::string_view text) {
    using namespace sandbox::spec;
    const std::size_t line = std::min(text.find('\n'), text.size());
    std::uint32_t uid = 0;
    (void)accepts<BadValue>([&] { uid = parse_id(text.substr(0, line)); });
    const std::string_view file = text.substr(std::min(line + 1, text.size()));

    const std::optional<std::string> name = passwd_name(file, uid);
    const std::string home = passwd_home(file, uid);
    must(name.value_or("").find_first_of(":\n") == std::string::npos, "a name ends at a colon");
    must(home.find_first_of(":\n") == std::string::npos, "a directory ends at a colon");
    must(name || home.empty(), "no line, no home");
    if (name) {
        const std::string found = *name + ":";
        must(file.starts_with(found) || file.find("\n" + found) != std::string_view::npos, "a name begins a line");
        const std::string own = found + "x:" + std::to_string(uid) + ":0::" + home + ":\n";
        must(passwd_name(own, uid) == name && passwd_home(own, uid) == home, "what was read is read again");
        must(passwd_name(own + std::string(file), uid) == name, "the first line counts");
    }
}

}  // namespace sandbox_fuzz
