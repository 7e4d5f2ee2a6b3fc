// Paths as text: two of them, the first line and the rest.
#include "fuzz/fuzz.hpp"

#include "spec/paths.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace sandbox_fuzz {
namespace {

void check_normal(const std::string& path) {
    using namespace sandbox::spec;
    must(path.starts_with('/'), "absolute() is absolute");
    must(path == "/" || !path.ends_with('/'), "absolute() has no slash at its end");
    must((path + "/").find("//") == (path == "/" ? 0 : std::string::npos), "absolute() has no empty component");
    must((path + "/").find("/./") == std::string::npos, "absolute() has no `.`");
    must(absolute("/elsewhere", path) == path, "absolute() of what is absolute is the same");

    std::string again;
    for (const std::string& part : components(path)) {
        must(!part.empty() && part != "." && part.find('/') == std::string::npos, "a component is a name");
        again = join(again.empty() ? "/" : again, part);
        must(is_below_or_same(path, again), "a path is below each of its beginnings");
    }
    must((again.empty() ? "/" : again) == path, "the components joined are the path");
    must(path == "/" || join(parent(path), components(path).back()) == path, "a path is its parent and its name");
    must(is_below_or_same(path, parent(path)), "a path is below its parent");
}

}  // namespace

void paths(std::string_view text) {
    using namespace sandbox::spec;
    const std::size_t line = std::min(text.find('\n'), text.size());
    const std::string_view first = text.substr(0, line);
    const std::string_view second = text.substr(std::min(line + 1, text.size()));

    const std::string base = absolute("/", first);
    const std::string path = absolute(base, second);
    check_normal(base);
    check_normal(path);
    must(path == (second.starts_with('/') ? absolute("/", second) : absolute("/", base + "/" + std::string(second))),
         "absolute() joins, unless the path is absolute");

    // By components, as is_below_or_same() shall see it.
    const std::vector<std::string> outer = components(base);
    const std::vector<std::string> inner = components(path);
    const bool below = outer.size() <= inner.size() && std::equal(outer.begin(), outer.end(), inner.begin());
    must(is_below_or_same(path, base) == below, "below is what begins with the same components");
}

}  // namespace sandbox_fuzz
