// For the tests of overlays: a tree with what such trees have, and what it is judged by afterwards.
#pragma once

#include <string>

namespace sandbox_test {

/// A tree of files, hard links, symbolic links and directories, some of which hold `SECRET`.
void make_tree(const std::string& directory);

/// Everything below a directory, and itself, that a writer would change: names, types, modes, owners, links, sizes,
/// times of change, texts, inodes, extended attributes.
std::string snapshot(const std::string& directory);

/// Whether a tmpfs keeps user.* attributes (Linux 6.6), without which an overlay in one cannot make a directory again
/// that it has removed.
bool tmpfs_has_user_attributes();

}  // namespace sandbox_test
