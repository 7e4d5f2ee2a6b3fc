// A tree that is asked for each thing once: a plan is made in rounds, and every path is walked from the root again.
#pragma once

#include "host/facts.hpp"
#include "spec/paths.hpp"

#include <cerrno>
#include <unordered_map>
#include <utility>

#include <sys/stat.h>

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
    /// Component by component, so that what paths have in common is walked once.
    [[nodiscard]] std::optional<std::string> canonical(const std::string& path) const override {
        const std::size_t slash = path.rfind('/');
        const std::string leaf = path.substr(slash + 1);
        // Of a mount that does not answer each question is another one: the tree below knows which may be asked. A path
        // of any length, as HOME may be, is not taken apart.
        if (!path.starts_with('/') || leaf.empty() || leaf == "." || leaf == ".." || !spec::fits(path) ||
            tree_.may_be_silent()) {
            return tree_.canonical(path);
        }
        const auto known = canonicals_.find(path);
        return known != canonicals_.end() ? known->second
                                          : canonicals_.emplace(path, walk(path, slash, leaf)).first->second;
    }
    [[nodiscard]] Resolution resolve(const std::string& path, const LinkRule& rule) const override {
        return tree_.resolve(path, rule);
    }
    [[nodiscard]] std::optional<std::vector<Entry>> list(const std::string& path) const override {
        const auto known = lists_.find(path);
        return known != lists_.end() ? known->second : lists_.emplace(path, tree_.list(path)).first->second;
    }
    [[nodiscard]] std::optional<std::vector<std::string>> names(const std::string& path) const override {
        return lists_.contains(path) ? Tree::names(path) : tree_.names(path);
    }
    [[nodiscard]] std::string read(const std::string& root, const std::string& path) const override {
        return tree_.read(root, path);
    }
    [[nodiscard]] bool may_be_silent() const override { return tree_.may_be_silent(); }
    [[nodiscard]] std::optional<std::string> silent(const std::string& path) const override {
        return tree_.silent(path);
    }

  private:
    [[nodiscard]] std::optional<std::string> walk(const std::string& path, std::size_t slash,
                                                  const std::string& leaf) const {
        const std::optional<std::string> above = slash == 0 ? std::string("/") : canonical(path.substr(0, slash));
        if (!above) {
            return std::nullopt;
        }
        std::string below = spec::join(*above, leaf);
        const std::optional<Entry> entry = look(below);
        if (!entry) {
            return std::nullopt;
        }
        return S_ISLNK(entry->id.type) ? tree_.canonical(below) : std::optional(std::move(below));
    }

    const Tree& tree_;
    mutable std::unordered_map<std::string, std::optional<std::string>> canonicals_;
    mutable std::unordered_map<std::string, std::optional<Entry>> looks_;
    mutable std::unordered_map<std::string, std::pair<std::optional<plan::FileId>, int>> follows_;
    mutable std::unordered_map<std::string, std::optional<std::vector<Entry>>> lists_;
};

}  // namespace sandbox::host
