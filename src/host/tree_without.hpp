// A tree without some of its entries: what other sandboxes hold places with is not there.
#pragma once

#include "host/facts.hpp"

#include <set>
#include <utility>

namespace sandbox::host {

class TreeWithout final : public Tree {
  public:
    using Id = std::pair<dev_t, ino_t>;
    TreeWithout(const Tree& tree, std::set<Id> absent) : tree_(tree), absent_(std::move(absent)) {}

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
    [[nodiscard]] bool is_absent(const plan::FileId& id) const { return absent_.contains({id.device, id.inode}); }

    const Tree& tree_;
    std::set<Id> absent_;
};

}  // namespace sandbox::host
