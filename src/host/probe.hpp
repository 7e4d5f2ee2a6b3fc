// The only reader of the host.
#pragma once

#include "host/facts.hpp"

#include <span>

namespace sandbox::host {

/// Looks at the calling process and the kernel, and at these of its descriptors. Opens nothing that could block.
/// Thread-safe.
[[nodiscard]] Facts probe(std::span<const int> descriptors = {});

/// The real file tree, seen with the caller's rights. Thread-safe.
class RealTree final : public Tree {
  public:
    [[nodiscard]] std::optional<Entry> look(const std::string& path) const override;
    [[nodiscard]] std::optional<plan::FileId> follow(const std::string& path, int& error) const override;
    [[nodiscard]] std::optional<std::string> canonical(const std::string& path) const override;
    [[nodiscard]] std::optional<std::vector<Entry>> list(const std::string& path) const override;
    [[nodiscard]] std::string read(const std::string& root, const std::string& path) const override;
};

/// The first 64 KiB of a regular file; empty where it cannot be read. Nothing else than a regular file is opened.
[[nodiscard]] std::string read_text(const std::string& path);
/// The same below the directory `root`, as if that were `/`.
[[nodiscard]] std::string read_text_inside(const std::string& root, const std::string& path);

}  // namespace sandbox::host
