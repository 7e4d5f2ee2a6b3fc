// The only reader of the host.
#pragma once

#include "host/facts.hpp"

namespace sandbox::host {

/// Looks at the calling process and the kernel. Opens nothing that could block. Thread-safe.
[[nodiscard]] Facts probe();

/// The real file tree, seen with the caller's rights. Thread-safe.
class RealTree final : public Tree {
  public:
    [[nodiscard]] std::optional<Entry> look(const std::string& path) const override;
    [[nodiscard]] std::optional<plan::FileId> follow(const std::string& path, int& error) const override;
    [[nodiscard]] std::optional<std::string> canonical(const std::string& path) const override;
    [[nodiscard]] std::optional<std::vector<Entry>> list(const std::string& path) const override;
    [[nodiscard]] std::string read(const std::string& path) const override;
};

/// The text of a small file of the host, at most 64 KiB; empty where it cannot be read.
[[nodiscard]] std::string read_text(const std::string& path);

}  // namespace sandbox::host
