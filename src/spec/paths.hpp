// Paths as text. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sandbox::spec {

/// `base` joined with `path` (which wins when absolute), without empty and `.` components and without a slash at the
/// end.
/// `..` stays: only the kernel knows what it means behind a symbolic link.
[[nodiscard]] std::string absolute(std::string_view base, std::string_view path);

/// An absolute path in which no symbolic link stands, with every `..` carried out.
[[nodiscard]] std::string without_dots(std::string_view path);

/// Whether `path` is `prefix` or lies below it. Both absolute and normal.
[[nodiscard]] bool is_below_or_same(std::string_view path, std::string_view prefix);

/// `parent` + `/` + `name`, with a single slash.
[[nodiscard]] std::string join(std::string_view parent, std::string_view name);

/// Whether the kernel takes a path of that length: names of at most 255 bytes, and 4095 altogether.
[[nodiscard]] bool fits(std::string_view path);

/// The directory part of an absolute path; `/` for `/x`.
[[nodiscard]] std::string parent(std::string_view path);

/// The components of a path.
[[nodiscard]] std::vector<std::string> components(std::string_view path);

}  // namespace sandbox::spec
