// For the tests of overlays: a tree with what such trees have, and what it is judged by afterwards.
#pragma once

#include <string>

namespace sandbox_test {

/// A tree of files, hard links, symbolic links and directories, some of which hold `SECRET`.
void make_tree(const std::string& directory);

/// Everything below a directory, and itself, that a writer would change: names, types, modes, owners, links, sizes,
/// times of change, texts, inodes, extended attributes.
std::string snapshot(const std::string& directory);

}  // namespace sandbox_test
