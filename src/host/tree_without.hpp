// A tree without some of its entries: what other sandboxes hold places with is not there.
#pragma once

#include "host/facts.hpp"

#include <functional>
#include <utility>

namespace sandbox::host {

class TreeWithout final : public Tree {
  public:
    /// Whether what was just found at the path is one of them; `followed`: what the path leads to, and not a symbolic
    /// link itself.
    using IsAbsent = std::function<bool(const plan::FileId& id, const std::string& path, bool followed)>;
    TreeWithout(const Tree& tree, IsAbsent is_absent) : tree_(tree), is_absent_(std::move(is_absent)) {}

    [[nodiscard]] std::optional<Entry> look(const std::string& path) const override;
    [[nodiscard]] std::optional<plan::FileId> follow(const std::string& path, int& error) const override;
    [[nodiscard]] std::optional<std::string> canonical(const std::string& path) const override;
    [[nodiscard]] Resolution resolve(const std::string& path, const LinkRule& rule) const override;
    [[nodiscard]] std::optional<std::vector<Entry>> list(const std::string& path) const override;
    [[nodiscard]] std::string read(const std::string& root, const std::string& path) const override;
    [[nodiscard]] bool may_be_silent() const override { return tree_.may_be_silent(); }
    [[nodiscard]] std::optional<std::string> silent(const std::string& path) const override {
        return tree_.silent(path);
    }

  private:
    const Tree& tree_;
    IsAbsent is_absent_;
};

}  // namespace sandbox::host
