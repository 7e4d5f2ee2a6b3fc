// A tree that is asked for each thing once: a plan is made in rounds, and every path is walked from the root again.
#pragma once

#include "host/facts.hpp"

#include <cerrno>
#include <unordered_map>
#include <utility>

namespace sandbox::host {

/// For one plan, and one thread: what it has answered it answers again.
class TreeOnce final : public Tree {
  public:
    explicit TreeOnce(const Tree& tree) : tree_(tree) {}

    [[nodiscard]] std::optional<Entry> look(const std::string& path) const override {
        const auto known = looks_.find(path);
        if (known != looks_.end()) {
            return known->second;
        }
        errno = 0;
        std::optional<Entry> entry = tree_.look(path);
        if (!entry && errno == ENOENT) {
            follows_.emplace(path, std::pair(std::nullopt, ENOENT));  // there is nothing to follow
        }
        return looks_.emplace(path, std::move(entry)).first->second;
    }
    [[nodiscard]] std::optional<plan::FileId> follow(const std::string& path, int& error) const override {
        auto known = follows_.find(path);
        if (known == follows_.end()) {
            int why = 0;
            std::optional<plan::FileId> id = tree_.follow(path, why);
            known = follows_.emplace(path, std::pair(id, why)).first;
        }
        error = known->second.first ? error : known->second.second;
        return known->second.first;
    }
    [[nodiscard]] std::optional<std::string> canonical(const std::string& path) const override {
        return tree_.canonical(path);
    }
    [[nodiscard]] Resolution resolve(const std::string& path, const LinkRule& rule) const override {
        return tree_.resolve(path, rule);
    }
    [[nodiscard]] std::optional<std::vector<Entry>> list(const std::string& path) const override {
        const auto known = lists_.find(path);
        return known != lists_.end() ? known->second : lists_.emplace(path, tree_.list(path)).first->second;
    }
    [[nodiscard]] std::string read(const std::string& root, const std::string& path) const override {
        return tree_.read(root, path);
    }
    [[nodiscard]] bool may_be_silent() const override { return tree_.may_be_silent(); }
    [[nodiscard]] std::optional<std::string> silent(const std::string& path) const override {
        return tree_.silent(path);
    }

  private:
    const Tree& tree_;
    mutable std::unordered_map<std::string, std::optional<Entry>> looks_;
    mutable std::unordered_map<std::string, std::pair<std::optional<plan::FileId>, int>> follows_;
    mutable std::unordered_map<std::string, std::optional<std::vector<Entry>>> lists_;
};

}  // namespace sandbox::host
