// The host's file tree, asked with the caller's rights. Nothing is opened but directories that are listed and files
// that are read; nothing waits for a file system that does not answer, as far as the path does not lead through it.
#pragma once

#include "host/facts.hpp"

namespace sandbox::host {

/// The real file tree. Thread-safe.
class RealTree final : public Tree {
  public:
    [[nodiscard]] std::optional<Entry> look(const std::string& path) const override;
    [[nodiscard]] std::optional<plan::FileId> follow(const std::string& path, int& error) const override;
    [[nodiscard]] std::optional<std::string> canonical(const std::string& path) const override;
    [[nodiscard]] Resolution resolve(const std::string& path, const LinkRule& rule) const override;
    [[nodiscard]] std::optional<std::vector<Entry>> list(const std::string& path) const override;
    [[nodiscard]] std::optional<std::vector<std::string>> names(const std::string& path) const override;
    [[nodiscard]] std::string read(const std::string& root, const std::string& path) const override;
};

/// Device, inode and type of a path, as the kernel has them: a file system that does not answer is not asked
/// (AT_STATX_DONT_SYNC). `flags` as statx(2) has them.
[[nodiscard]] std::optional<plan::FileId> identify(int directory, const char* path, int flags);

/// The first 64 KiB of a regular file; empty where it cannot be read. Nothing else than a regular file is opened.
[[nodiscard]] std::string read_text(const std::string& path);
/// The same below the directory `root`, as if that were `/`.
[[nodiscard]] std::string read_text_inside(const std::string& root, const std::string& path);

}  // namespace sandbox::host
