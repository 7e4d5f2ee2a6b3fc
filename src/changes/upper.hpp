// How overlayfs writes down, in an upper directory mounted with `userxattr`, what is not a plain file: what was
// deleted, what a directory hides, and what was copied up.
#pragma once

#include "changes/entry.hpp"

#include <map>
#include <string>
#include <vector>

namespace sandbox::changes {

/// What an entry of an upper directory says beside what it is.
struct Marks {
    bool whiteout = false;    ///< what the lower tree has under that name is deleted
    bool opaque = false;      ///< a directory that shows nothing of the lower one
    bool whiteouts = false;   ///< a directory in which empty files with an attribute are whiteouts (Linux 6.7)
    bool copied = false;      ///< it was copied up, so that the lower tree had it
    bool attributes = false;  ///< it has some that belong to it: kept_attributes()
};

/// `in_whiteouts`: the directory has Marks::whiteouts. Throws Problem for what a run does not leave: a mark that would
/// have somebody look for the file elsewhere, or one that nobody knows.
[[nodiscard]] Marks read_marks(int directory, const std::string& name, const Entry& entry, bool in_whiteouts);
/// Of the top directory.
[[nodiscard]] Marks read_top_marks(int directory);

/// The names of an entry's extended attributes. Empty where the file system has none. Throws Problem.
[[nodiscard]] std::vector<std::string> attribute_names(const std::string& path);

/// The same of what a link of /proc leads to.
[[nodiscard]] std::vector<std::string> attribute_names_through(const std::string& path);

/// Those that belong to the file: not the marks above, and none that the host assigns.
[[nodiscard]] bool is_kept_attribute(const std::string& name);
[[nodiscard]] std::map<std::string, std::string> kept_attributes(const std::string& path);

/// What a file may do whoever runs it, in words: spec::file_capabilities_text(). Empty where that is nothing.
[[nodiscard]] std::string capabilities_of(const std::string& path);

inline constexpr const char* capability_attribute = "security.capability";

}  // namespace sandbox::changes
