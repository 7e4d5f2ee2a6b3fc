#include "plan/hides.hpp"

#include "plan/glob.hpp"
#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cstring>
#include <optional>

#include <sys/stat.h>

namespace sandbox::plan {
namespace {

// A pattern that looks at more was not meant: `/**` would read the whole disk.
constexpr std::size_t most_entries = 200'000;

Error too_long(const std::string& path) {
    return Error("cannot hide " + path + ": it is too long").with_fix("a name has at most 255 bytes and a path 4095");
}

/// Looks at a View, or at what else has its names.
template <class Ground>
class Expansion {
  public:
    Expansion(const Ground& view, const std::string& pattern) : view_(view), pattern_(pattern) {
        components_ = spec::components(pattern);
    }
    std::vector<std::string> take() && {
        descend("/", 0);
        return std::move(found_);
    }

  private:
    // A place of which nothing can be said: what a pattern would match in it stays hidden with all the rest.
    void check_closed(const std::string& directory) {
        if (!spec::fits(directory)) {
            throw too_long(pattern_);
        }
        if (view_.is_closed(directory)) {
            found_.push_back(directory);
        }
    }

    [[nodiscard]] std::vector<std::string> list(const std::string& directory) {
        std::vector<std::string> names = view_.list(directory);
        if (names.empty()) {
            check_closed(directory);
        }
        return names;
    }

    // All that is in it is hidden with it, and it may be hidden as nobody answers there.
    [[nodiscard]] bool is_passed_over(const std::string& directory) const {
        return view_.may_be_silent() && view_.is_hidden(directory);
    }

    void look() {
        if (++looked_ > most_entries) {
            throw Error("cannot hide " + pattern_ + ": the pattern looks at more than " + std::to_string(most_entries) +
                        " entries")
                .with_fix("begin it with a directory that has fewer below it");
        }
    }

    void descend(const std::string& directory, std::size_t at) {
        if (at == components_.size()) {
            found_.push_back(directory);
            return;
        }
        if (is_passed_over(directory)) {
            return;
        }
        const std::string& component = components_[at];
        if (component == "**") {
            descend_all(directory, at);
        } else if (!is_pattern(component)) {
            const std::string next = spec::join(directory, unquoted(component));
            if (at + 1 < components_.size() || view_.exists(next)) {
                descend(next, at + 1);
            } else {
                check_closed(directory);
            }
        } else {
            for (const std::string& name : list(directory)) {
                look();
                if (matches(component, name)) {
                    descend(spec::join(directory, name), at + 1);
                }
            }
        }
    }

    // No directory at all, or any below. At the end of a pattern it is everything below.
    void descend_all(const std::string& directory, std::size_t at) {
        if (is_passed_over(directory)) {
            return;
        }
        const bool last = at + 1 == components_.size();
        if (!last) {
            descend(directory, at + 1);
        }
        for (const std::string& name : list(directory)) {
            look();
            const std::string next = spec::join(directory, name);
            if (last) {
                found_.push_back(next);
            } else if (view_.is_directory(next)) {
                descend_all(next, at);
            }
        }
    }

    const Ground& view_;
    const std::string& pattern_;
    std::vector<std::string> components_;
    std::vector<std::string> found_;
    std::size_t looked_ = 0;
};

// The current directory is no pattern, whatever its name.
std::string quoted(const std::string& path) {
    std::string result;
    for (const char letter : path) {
        if (letter == '*' || letter == '?' || letter == '[' || letter == '\\') {
            result += '\\';
        }
        result += letter;
    }
    return result;
}

// What of the host a path names, also where it, or what is above it, is missing.
std::string real_path(const host::Tree& tree, const std::string& path, int links = 0) {
    if (std::optional<std::string> whole = tree.canonical(path)) {
        return *whole;
    }
    if (path == "/") {
        return path;
    }
    const std::string parent = real_path(tree, spec::parent(path), links);
    std::string real = spec::join(parent, path.substr(path.rfind('/') + 1));
    constexpr int most_links = 40;  // as path_resolution(7) has it
    if (const std::optional<host::Entry> entry = tree.look(real);
        entry && S_ISLNK(entry->id.type) && links < most_links) {
        return real_path(tree, spec::absolute(parent, entry->link), links + 1);
    }
    return real;
}

/// A directory of the host that is about to be shown, with the way to it.
class HostPart {
  public:
    HostPart(const View& view, const host::Tree& tree, const std::string& top) : view_(view), tree_(tree), top_(top) {}

    [[nodiscard]] std::vector<std::string> list(const std::string& directory) const {
        if (is_on_the_way(directory)) {
            const std::string rest = top_.substr(directory == "/" ? 1 : directory.size() + 1);
            return {rest.substr(0, rest.find('/'))};
        }
        std::vector<std::string> names;
        if (spec::is_below_or_same(directory, top_)) {
            names = tree_.names(directory).value_or(std::vector<std::string>());
            std::ranges::sort(names);
        }
        return names;
    }
    [[nodiscard]] bool exists(const std::string& path) const {
        return is_on_the_way(path) || (spec::is_below_or_same(path, top_) && tree_.look(path));
    }
    [[nodiscard]] bool is_directory(const std::string& path) const {
        if (is_on_the_way(path)) {
            return true;
        }
        const std::optional<host::Entry> entry =
            spec::is_below_or_same(path, top_) ? tree_.look(path) : std::optional<host::Entry>();
        return entry && S_ISDIR(entry->id.type);
    }
    [[nodiscard]] bool is_closed(const std::string& path) const {
        return spec::is_below_or_same(path, top_) && is_closed_directory(tree_, path);
    }
    [[nodiscard]] bool may_be_silent() const { return tree_.may_be_silent(); }
    /// Hidden before, and not shown again by its own name.
    [[nodiscard]] bool is_hidden(const std::string& path) const {
        return path != top_ && spec::is_below_or_same(path, top_) && view_.has_hidden(path);
    }

  private:
    [[nodiscard]] bool is_on_the_way(const std::string& directory) const {
        return directory != top_ && spec::is_below_or_same(top_, directory);
    }

    const View& view_;
    const host::Tree& tree_;
    const std::string& top_;
};

// With what comes before the first pattern as it is on the host.
std::string real_pattern(const host::Tree& tree, const std::string& pattern) {
    std::string plain = "/";
    std::string rest;
    for (const std::string& part : spec::components(pattern)) {
        if (rest.empty() && !is_pattern(part)) {
            plain = spec::join(plain, unquoted(part));
        } else {
            rest += "/" + part;
        }
    }
    return (plain == "/" ? "" : quoted(real_path(tree, plain))) + rest;
}

// What of a directory of the host a pattern matches.
std::vector<std::string> expand(const View& view, const host::Tree& tree, const std::string& pattern,
                                const std::string& directory) {
    const HostPart part(view, tree, directory);
    std::vector<std::string> matches = Expansion(part, pattern).take();
    std::erase_if(matches, [&](const std::string& match) { return !spec::is_below_or_same(match, directory); });
    return matches;
}

}  // namespace

void hide_before(View& view, const host::Facts& facts, const host::Tree& tree, const std::string& path,
                 const std::string& shown) {
    if (!is_pattern(path)) {
        return;
    }
    const std::string pattern = real_pattern(tree, spec::absolute(quoted(facts.cwd.value_or("/")), path));
    for (const std::string& match : expand(view, tree, pattern, shown)) {
        if (match != shown) {
            view.remember_hidden(match);
        }
    }
}

std::vector<std::string> state_directories(const host::Facts& facts, const host::Tree& tree) {
    std::vector<std::string> directories;
    for (const std::string& path : facts.state) {
        // A link of that name is somebody else's, and not believed.
        if (const std::optional<std::string> above = tree.canonical(spec::parent(path))) {
            directories.push_back(spec::join(*above, path.substr(path.rfind('/') + 1)));
        }
    }
    return directories;
}

std::vector<std::string> expand(const View& view, const std::string& pattern) {
    return Expansion(view, pattern).take();
}

void hide(View& view, const host::Facts& facts, const host::Tree& tree, const std::string& path, unsigned number,
          const Learnt& known, Learnt& learnt) {
    if (!path.starts_with('/') && !facts.cwd) {
        throw Error("cannot hide " + path + ": the current directory has no path: " + std::strerror(facts.cwd_error))
            .with_fix("name it by an absolute path");
    }
    if (!is_pattern(path)) {
        const std::string plain = spec::absolute(facts.cwd.value_or("/"), unquoted(path));
        if (!spec::fits(plain)) {
            throw too_long(path);  // it may exist all the same, and be reached step by step
        }
        // Inside, the path may be another file, or none: with --root, where the directory stands elsewhere, or where a
        // later option shows it.
        if (!view.hide(plain, false) || view.shows_elsewhere()) {
            view.hide_host(real_path(tree, plain), false);
        }
        return;
    }
    const std::string whole = spec::absolute(quoted(facts.cwd.value_or("/")), path);
    const auto before = known.expanded.find(number);
    const std::vector<std::string> paths = before == known.expanded.end() ? expand(view, whole) : before->second;
    for (const std::string& match : paths) {
        view.hide(match, false);
    }
    learnt.expanded.emplace(number, paths);
    if (view.shows_elsewhere()) {
        const std::string pattern = real_pattern(tree, whole);
        for (const auto& [place, canonical] : view.areas()) {
            for (const std::string& match : canonical.empty() || canonical == place
                                                ? std::vector<std::string>()
                                                : expand(view, tree, pattern, canonical)) {
                view.hide_host(match, false);
            }
        }
    }
}

}  // namespace sandbox::plan
